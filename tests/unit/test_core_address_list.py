"""Lists of mailboxes as people write and export them."""

from __future__ import annotations

import pytest

from webcrm_sync.core.address_list import LARGEST_FILE, read_addresses

KIM, BO, LIS = "kim@x.example", "bo@x.example", "lis@x.example"
HINT = " If it is a header, name the column with the address 'Mail'."
SEVERAL = "The line names several addresses. Leave one mailbox on each line."
TOO_LONG = "The line is too long. Leave one mailbox on each line."


@pytest.mark.parametrize(
    "text",
    [
        f"{KIM}\n{BO}\n",
        f"{KIM}\r\n\r\n{BO}",
        f"\ufeff{KIM}\r\n{BO}\r\n",
        f"  {KIM.upper()} \n\t{BO}\n",
        f"# sales\n{KIM}\n  # more\n{BO}\n",
        f"{KIM}; {BO}\n",
        f"{KIM}, {BO}",
        f"Kim <{KIM}>\n'{BO}'\n",
        f'"Nordwind, Kim" <{KIM}>\nNordwind, Bo <{BO}>\n',
        f"Kim;{KIM}\nBo;{BO}\n",
        f"Mail\n{KIM}\n{BO}\n",
        f"Name;E-mail\n\"Nordwind; Kim\";{KIM}\nBo;{BO}\n",
        f"Navn\tE-mailadresse\tLeder\nKim\t{KIM}\t{LIS}\nBo\t{BO}\t{LIS}\n",
        f'#TYPE X\n"Name","PrimarySmtpAddress"\n"Kim","{KIM}"\n"Bo","{BO}"\n',
        f"Street,Mail\n\"Road 1\nTown\",{KIM}\nLane,{BO}\n",
        f"ProxyAddresses,User principal name\nSMTP:{KIM} smtp:{LIS},{KIM}\n,{BO}\n",
        f"Manager mail,Mail\n{LIS},{KIM}\n{LIS},{BO}\n",
        f"Work e-mail address;Name\n{KIM};Kim\n{BO};Bo\n;;\n",
        f"mailto:{KIM}\n<{BO}>\n",
        f"\"Kim's {KIM}\n{BO}\n",
        f"Team,Mail\nSales; north,{KIM}\nSales; south,{BO}\n",
    ],
)  # fmt: skip
def test_each_form_names_the_same_mailboxes(text: str) -> None:
    found = read_addresses(text.encode())
    assert (found.addresses, found.problems) == ((KIM, BO), ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_each_encoding_of_office_programs_is_read(encoding: str) -> None:
    text = f"Navn;Mail\r\nJørgen Ærø;{KIM}\r\n"
    assert read_addresses(text.encode(encoding)).addresses == (KIM,)


def test_a_repeated_address_counts_once() -> None:
    found = read_addresses(f"{KIM}\n{BO}\n{KIM.upper()}\nKim <{KIM}>".encode())
    assert (found.addresses, found.repeated) == ((KIM, BO), 2)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (f"{KIM}\nNobody\n", 2, "There is no address in 'Nobody'."),
        (f"{KIM}\nX\n", 2, "There is no address in 'X'."),
        (f"{KIM}\nNobody;at  all\n", 2, "There is no address in 'Nobody at all'."),
        (f'{KIM}\n"Nobody\nat all"\n', 2, "There is no address in 'Nobody at all'."),
        (f'"Kim {KIM}\nNobody\n{BO}\n', 2, "There is no address in 'Nobody'."),
        (f"Kim Nordwind\n{KIM}\n", 1, f"There is no address in 'Kim Nordwind'.{HINT}"),
        (f"Name;Mail\nKim;{KIM}\nBo;\n", 3, "The column with the address is empty."),
        (f"Name;Mail\nKim;{KIM}\nBo\n", 3, "The column with the address is empty."),
        (f"Name;Mail\nKim;{KIM}\nBo;none\n", 3, "There is no address in 'none'."),
        (f"{KIM}\nKim;{BO};{LIS}\n", 2, SEVERAL),
        (f"{KIM}\nbo@x\n", 2, "'bo@x' is no complete address."),
        (f'Mail;Street\n{KIM};"a\nb"\nx;y\n', 4, "There is no address in 'x'."),
        (f"{KIM}\n{'y' * 60}\n", 2, f"There is no address in '{'y' * 60}'."),
        (f"{KIM}\n{'y' * 61}\n", 2, f"There is no address in '{'y' * 59}…'."),
        (f"{KIM}\n{'y' * 90}\n", 2, f"There is no address in '{'y' * 59}…'."),
        (f"{KIM}\n{'y' * 200_000}\n", 2, TOO_LONG),
        (f"{'y' * 200_000}\n{KIM}\n", 1, TOO_LONG),
        ("", 0, "The file names no mailbox."),
        ("# nothing\n;;\n\n", 0, "The file names no mailbox."),
    ],
)  # fmt: skip
def test_a_line_without_a_mailbox_is_named(text: str, line: int, sentence: str) -> None:
    (problem,) = read_addresses(text.encode()).problems
    assert (problem.line, problem.text) == (line, sentence)


def test_several_problems_hide_no_address() -> None:
    found = read_addresses(f"a\n{KIM}\nb\n".encode())
    assert [p.line for p in found.problems] == [1, 3]
    assert found.addresses == (KIM,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04rest", "This is an Excel workbook. Save it as CSV and name that file."),
        (b"\x7fELF\0\0", "This is no text file. Save the list as text or CSV."),
        (
            b"a" * (LARGEST_FILE + 1),
            "The file is larger than 5 MB: this is no list of mailboxes.",
        ),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(content: bytes, sentence: str) -> None:
    found = read_addresses(content)
    assert (found.addresses, found.repeated) == ((), 0)
    assert [(p.line, p.text) for p in found.problems] == [(0, sentence)]


def test_the_largest_file_is_read() -> None:
    list_ = f"{KIM}\n# ".encode()
    assert read_addresses(list_ + b"a" * (LARGEST_FILE - len(list_))).addresses == (KIM,)


@pytest.mark.parametrize(
    "content",
    [
        f"{KIM}\n{BO}\n".encode("utf-16") + b"!",  # half a letter
        f"Navn;Mail\nJ\x81rgen;{KIM}\nBo;{BO}\n".encode("latin-1"),  # no letter of cp1252
    ],
)
def test_a_damaged_letter_hides_no_address(content: bytes) -> None:
    assert read_addresses(content).addresses == (KIM, BO)


@pytest.mark.parametrize(
    "name",
    [
        *("PrimarySmtpAddress", "WindowsEmailAddress", "Mail", "User principal name"),
        *("E-mail", "Email address", "Address", "Mail address", "Mailbox", "SMTP address", "UPN"),
        *("E-mailadresse", "Mailadresse", "Adresse", "E-post", "User", "Username"),
    ],
)
def test_a_column_of_a_known_name_goes_before_a_similar_one(name: str) -> None:
    found = read_addresses(f"Manager mail;{name}\n{LIS};{KIM}\n".encode())
    assert (found.addresses, found.problems) == ((KIM,), ())


@pytest.mark.parametrize("name", ["Work mail", "Delivery address", "Privatadresse"])
def test_a_column_of_a_similar_name_is_found(name: str) -> None:
    found = read_addresses(f"Name;{name}\nKim;{KIM}\n".encode())
    assert (found.addresses, found.problems) == ((KIM,), ())
