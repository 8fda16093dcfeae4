"""Lists of mailboxes as people write and export them."""

from __future__ import annotations

import pytest

from webcrm_sync.core.address_list import LARGEST_FILE, read_addresses

KIM, BO, LIS = "kim@x.example", "bo@x.example", "lis@x.example"


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
        (f"Kim Nordwind\n{KIM}\n", 1, "If it is a header, name the column with the address 'Mail'"),
        (f"Name;Mail\nKim;{KIM}\nBo;\n", 3, "The column with the address is empty."),
        (f"Name;Mail\nKim;{KIM}\nBo;none\n", 3, "There is no address in 'none'."),
        (f"{KIM}\nKim;{BO};{LIS}\n", 2, "several addresses"),
        (f"{KIM}\nbo@x\n", 2, "'bo@x' is no complete address."),
        (f'Mail;Street\n{KIM};"a\nb"\nx;y\n', 4, "There is no address in 'x'."),
        (f"{KIM}\n{'y' * 90}\n", 2, f"There is no address in '{'y' * 59}…'."),
        (f"{KIM}\n{'y' * 200_000}\n", 2, "The line is too long."),
        (f"{'y' * 200_000}\n{KIM}\n", 1, "The line is too long."),
        ("", 0, "The file names no mailbox."),
        ("# nothing\n;;\n\n", 0, "The file names no mailbox."),
    ],
)  # fmt: skip
def test_a_line_without_a_mailbox_is_named(text: str, line: int, sentence: str) -> None:
    (problem,) = read_addresses(text.encode()).problems
    assert problem.line == line
    assert sentence in problem.text


def test_several_problems_hide_no_address() -> None:
    found = read_addresses(f"a\n{KIM}\nb\n".encode())
    assert [p.line for p in found.problems] == [1, 3]
    assert found.addresses == (KIM,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04rest", "Save it as CSV"),
        (b"\x7fELF\0\0", "This is no text file."),
        (b"a" * (LARGEST_FILE + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(content: bytes, sentence: str) -> None:
    found = read_addresses(content)
    assert found.addresses == ()
    assert [p.line for p in found.problems] == [0]
    assert sentence in found.problems[0].text
