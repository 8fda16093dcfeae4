"""`doctor` names what is wrong at Microsoft, at webCRM and at the public address."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from support.doctor import OK, WARNING, Doctor, answering
from support.installations import another_installation
from support.scenario import KIM
from webcrm_sync.core.mailbox_lease import SETTLE
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import groups
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port

LIS = "lis@nordwind.example"


def test_a_missing_permission_is_named_with_the_address_of_the_consent(doctor: Doctor) -> None:
    app, settings = doctor.app, doctor.settings
    roles = ("Mail.ReadWrite", "MailboxSettings.ReadWrite", "User.Read.All", "GroupMember.Read.All")
    app.roles = roles[:3]
    text = doctor.said("permissions", WARNING)
    assert text.startswith("no group can be followed (`mailbox add --group`): GroupMember.Read.All")
    assert "GroupMember.Read.All is missing" in doctor.said("permissions", WARNING)
    with doctor.scenario.context.begin() as tx:
        groups.follow(tx, "33333333-0000-0000-0000-000000000000", None)
    assert doctor.said("permissions").startswith("no group can be followed")
    app.roles = roles[:2]
    text = doctor.said("permissions")
    assert text.startswith("no mailbox can be found or added: User.Read.All is missing")
    assert f"{settings['ENTRA_AUTHORITY']}/{settings['ENTRA_TENANT_ID']}/" in text
    assert f"adminconsent?client_id={settings['ENTRA_CLIENT_ID']}" in text
    app.roles = (*roles[:2], "Directory.Read.All")
    assert doctor.said("permissions", OK) == "users and groups can be read"


def test_a_withdrawn_consent_is_named(doctor: Doctor) -> None:
    doctor.app.roles = ()
    assert "User.Read.All is missing" in doctor.said("permissions")


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ({"Mail.ReadWrite", "MailboxSettings.Read"}, "MailboxSettings.ReadWrite"),
        ({"Mail.Read", "MailboxSettings.ReadWrite"}, "Mail.ReadWrite"),
    ],
)
def test_a_missing_right_to_write_is_found_by_writing(
    doctor: Doctor, granted: set[str], missing: str
) -> None:
    outlook = doctor.scenario.sandbox.outlook
    doctor.app.roles = ("User.Read.All",)
    outlook.scope, outlook.roles = {KIM, LIS}, granted
    text = doctor.said("write permission")
    assert text.startswith(f"{KIM} can be read, but not written to: {missing} is missing.")


def test_a_mailbox_is_tried_before_it_is_added(doctor: Doctor) -> None:
    outlook = doctor.scenario.sandbox.outlook
    box = outlook.add_mailbox(LIS, "Lis Nordwind")
    checks = doctor.checks(LIS)
    assert f"a draft and a category were written into {LIS} and deleted again" in {
        check["text"] for check in checks
    }
    assert [box.messages(place) for place in ("drafts", "deleteditems")] == [[], []]
    doctor.app.roles = ("User.Read.All",)
    outlook.scope = {KIM}
    text = doctor.said("mailboxes", arguments=(LIS,))
    assert text.startswith(f"{LIS}: Exchange does not let the application into this mailbox.")


@pytest.mark.parametrize("argument", ["kim", "", "kim@", "a@x.example b@x.example", "@x.example"])
def test_what_is_no_address_is_named_and_hides_no_other_check(
    doctor: Doctor, argument: str
) -> None:
    checks = doctor.checks(argument, "Kim Nordwind <KIM@nordwind.example>")
    found = [check["text"] for check in checks if check["name"] == "mailboxes"]
    refused = f"'{argument}' is no address such as kim@example.com. Nothing was tried with it"
    assert found == [refused, "1 watched, all readable"]
    assert "webCRM login" in {check["name"] for check in checks}
    assert "Traceback" not in doctor.run(argument).output


def test_a_mailbox_without_a_licence_that_nobody_watches_is_not_to_be_removed(
    doctor: Doctor,
) -> None:
    doctor.scenario.sandbox.outlook.add_mailbox(LIS, "Lis Nordwind").has_licence = False
    text = doctor.said("mailboxes", arguments=(LIS,))
    assert text.startswith(f"{LIS}: the user has no mailbox in Exchange Online")
    assert text.endswith("Assign a licence")


def test_a_new_mailbox_is_looked_up_once(doctor: Doctor) -> None:
    doctor.scenario.sandbox.outlook.add_mailbox(LIS, "Lis Nordwind")
    doctor.scenario.sandbox.journal.clear()
    doctor.checks(LIS)
    paths = [e.path for e in doctor.scenario.sandbox.journal.exchanges if e.method == "GET"]
    assert len([path for path in paths if path.rpartition("/")[2] in {LIS, "users"}]) == 1


def test_an_address_of_nobody_is_named(doctor: Doctor) -> None:
    text = doctor.said("mailboxes", arguments=("nobody@nordwind.example",))
    assert text == "nobody@nordwind.example: Entra has no such user. Check the spelling"
    doctor.scenario.sandbox.journal.clear()  # the sandbox knows no search for an address


def test_a_mailbox_that_cannot_be_used_says_why(doctor: Doctor) -> None:
    (box,) = doctor.scenario.sandbox.outlook.mailboxes
    box.has_licence = False
    assert "the licence has ended" in doctor.said("mailboxes")
    box.has_licence, box.is_full = True, True
    assert "the mailbox is full. Free some space" in doctor.said("mailboxes")


def test_equal_troubles_of_300_mailboxes_are_one_line(doctor: Doctor) -> None:
    outlook = doctor.scenario.sandbox.outlook
    for number in range(60):
        address = f"person{number}@nordwind.example"
        outlook.add_mailbox(address, "Somebody").has_licence = False
        with doctor.scenario.context.begin() as tx:
            tx.connection.exec_driver_sql(
                "INSERT INTO mailbox (company_id, user_id, address, display_name, is_shared,"
                " added_at, mirror_since, attempts)"
                " VALUES (%s, %s, %s, '', false, now(), now(), 0)",
                (tx.company_id, outlook.mailbox(address).user_id, address),
            )
    text = doctor.said("mailboxes")
    assert text.startswith("60 mailboxes (person0@nordwind.example, ")
    assert " and 55 more): the user has no mailbox in Exchange Online" in text


def test_services_that_are_down_are_named_once_and_not_per_mailbox(doctor: Doctor) -> None:
    doctor.settings["GRAPH_URL"] = f"http://127.0.0.1:{free_port()}/v1.0"
    assert doctor.said("Graph").startswith("Graph cannot be reached: nothing listens on 127.0.0.1")
    assert "mailboxes" not in {check["name"] for check in doctor.checks()}
    doctor.settings["ENTRA_AUTHORITY"] = f"https://localhost:{free_port()}"
    assert "Entra cannot be reached: nothing listens" in doctor.said("Entra and Graph sign-in")


def test_a_service_whose_certificate_is_not_trusted_is_named(doctor: Doctor) -> None:
    del doctor.settings["CA_BUNDLE"]
    text = doctor.said("Entra and Graph sign-in")
    assert "is not trusted; put its root into " in text
    assert f"{PREFIX}CA_BUNDLE" in text


def test_a_refused_secret_is_named(doctor: Doctor) -> None:
    doctor.settings["ENTRA_CLIENT_SECRET"] = "hush"
    assert f"{PREFIX}ENTRA_CLIENT_SECRET is not a secret" in doctor.said("Entra and Graph sign-in")


def test_a_wrong_token_is_named(doctor: Doctor) -> None:
    doctor.settings["WEBCRM_TOKEN"] = "hush"
    text = doctor.said("webCRM login")
    assert f"did not accept the application token in {PREFIX}WEBCRM_TOKEN" in text
    assert "Configuration > Integration > API" in text
    assert "hush" not in text


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_only_read_is_found_by_writing(doctor: Doctor, status: int) -> None:
    crm = doctor.scenario.sandbox.crm
    crm.read_only, crm.read_only_refusal = set(crm.tokens), status
    text = doctor.said("webCRM write permission")
    assert text.startswith("the application token may read, but not write Activities and Documents")


def test_webcrm_that_is_down_or_somewhere_else_is_named(doctor: Doctor) -> None:
    doctor.settings["WEBCRM_URL"] = f"http://127.0.0.1:{free_port()}"
    assert "webCRM cannot be reached: nothing listens on" in doctor.said("webCRM login")
    doctor.settings["WEBCRM_URL"] = "https://nowhere.invalid"
    assert "the name nowhere.invalid is unknown" in doctor.said("webCRM login")
    with Server(answering("404 Not Found", b"")) as other:
        doctor.settings["WEBCRM_URL"] = other.url
        text = doctor.said("webCRM login")
    assert f"There is no webCRM at the address in {PREFIX}WEBCRM_URL" in text
    with Server(answering("200 OK", b"<html>")) as other:
        doctor.settings["WEBCRM_URL"] = other.url
        assert f"check {PREFIX}WEBCRM_URL" in doctor.said("webCRM login")


def test_missing_labels_and_key_fields_are_named_all_at_once(doctor: Doctor) -> None:
    crm = doctor.scenario.sandbox.crm
    crm.labels["ActivityAction"] = ("Meeting",)
    crm.lengths["ActivityCustom15"] = 20
    texts = [check["text"] for check in doctor.checks() if check["name"] == "webCRM fields"]
    assert [text.partition(":")[0] for text in texts] == [
        "ActivityCustom15 holds 20 characters; it needs 30. Make it longer in webCRM, or name "
        f"another one in {PREFIX}WEBCRM_KEY_FIELD",
        "webCRM does not know the label 'E-mail in'",
        "webCRM does not know the label 'E-mail out'",
    ]
    crm.labels["ActivityAction"] = ("E-mail in", "E-mail out")
    crm.missing.add("ActivityCustom15")
    assert "webCRM does not list the field ActivityCustom15" in doctor.said("webCRM fields")


def test_the_levels_that_count_as_won_are_named(doctor: Doctor) -> None:
    crm, name = doctor.scenario.sandbox.crm, "webCRM Opportunities"
    assert "those of level 4 Won count as won" in doctor.said(name, OK)
    crm.levels = {1: "Lead", 2: "Order"}
    assert f"name it in {PREFIX}WEBCRM_WON_LEVELS" in doctor.said(name, OK)
    doctor.settings["WEBCRM_WON_LEVELS"] = "2, 9"
    assert f"level 2 Order, 9 count as won; as {PREFIX}WEBCRM_WON" in doctor.said(name, OK)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_read_opportunities_is_a_warning(doctor: Doctor, status: int) -> None:
    crm = doctor.scenario.sandbox.crm
    crm.unreadable, crm.read_only_refusal = {"Opportunity"}, status
    assert "Give it Read for Opportunities" in doctor.said("webCRM Opportunities", WARNING)


def test_nothing_or_another_server_at_the_public_address_is_named(doctor: Doctor) -> None:
    settings = doctor.settings
    settings["PUBLIC_URL"] = f"http://127.0.0.1:{free_port()}"
    assert "nothing listens on" in doctor.said("reachability")
    settings["PUBLIC_URL"] = "https://nowhere.invalid"
    assert "the name nowhere.invalid is unknown" in doctor.said("reachability")
    for body, words in (
        (b"<html>", "another server answers at"),
        (b'{"status": "fine"}', "another server answers at"),
        (b'{"status": "ok"}', "an earlier version of this service answers at"),
    ):
        with Server(answering("200 OK", body)) as other:
            settings["PUBLIC_URL"] = other.url
            assert words in doctor.said("reachability")
    with Server(answering("404 Not Found", b"")) as other:
        settings["PUBLIC_URL"] = other.url
        assert "/healthz answers 404: that is not this service" in doctor.said("reachability")


def test_another_installation_at_the_public_address_is_named(reached: Doctor) -> None:
    assert reached.said("reachability", OK)
    reached.settings["SECRET_KEY"] = "another"
    text = reached.said("reachability")
    assert text.startswith("another installation of this product answers at")
    assert f"{PREFIX}SECRET_KEY" in text


def test_a_public_address_whose_certificate_is_not_trusted_is_named(doctor: Doctor) -> None:
    doctor.settings["PUBLIC_URL"] = doctor.settings["ENTRA_AUTHORITY"]
    del doctor.settings["CA_BUNDLE"]
    text = doctor.said("reachability")
    assert (
        "is not trusted. Microsoft must trust it: use a certificate of a public authority" in text
    )


def serve_tls(doctor: Doctor, *names: str, ends_in: timedelta = timedelta(days=90)) -> Server:
    """This installation behind TLS, with a certificate for these names of a root in CA_BUNDLE."""
    authority, end = trustme.CA(), datetime.now(UTC) + ends_in
    issued = authority.issue_cert(*names, not_after=end, not_before=end - timedelta(days=90))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    roots = doctor.folder / "roots.pem"
    roots.write_bytes(Path(doctor.settings["CA_BUNDLE"]).read_bytes() + authority.cert_pem.bytes())
    doctor.settings["CA_BUNDLE"] = str(roots)
    return Server(create_app(doctor.scenario.context).wsgi_app, ssl_context=context)


@pytest.mark.parametrize(
    ("names", "ends_in", "words"),
    [
        (("localhost",), timedelta(days=-1), "has expired. Renew it, and restart the server"),
        (("other.example",), timedelta(days=90), "is for another name. Microsoft must trust it"),
        (("127.0.0.2",), timedelta(days=90), "is for another name. Microsoft must trust it"),
    ],
)
def test_a_public_address_with_an_expired_or_foreign_certificate_is_named(
    doctor: Doctor, names: tuple[str, ...], ends_in: timedelta, words: str
) -> None:
    with serve_tls(doctor, *names, ends_in=ends_in) as server:
        doctor.settings["PUBLIC_URL"] = server.url
        text = doctor.said("reachability")
    assert f"{server.url} does not answer: the certificate of localhost:{server.port} " in text
    assert words in text


def test_a_public_address_that_ends_soon_or_that_only_this_machine_trusts_is_named(
    doctor: Doctor,
) -> None:
    """The system's own roots do not know the private authority, and neither does Microsoft."""
    with serve_tls(doctor, "0.0.0.0", ends_in=timedelta(days=10)) as server:
        doctor.settings["PUBLIC_URL"] = f"https://0.0.0.0:{server.port}"  # not this machine by name
        checks = [c for c in doctor.checks() if c["name"] in {"reachability", "certificates"}]
    texts = [c["text"] for c in checks if c["verdict"] == WARNING]
    assert any("the certificate of https://0.0.0.0" in t and "ends on" in t for t in texts), texts
    assert any(
        f"is trusted because of {PREFIX}CA_BUNDLE alone: Graph and Outlook" in t for t in texts
    )


def test_a_service_with_an_expired_certificate_is_no_matter_of_roots(doctor: Doctor) -> None:
    with serve_tls(doctor, "localhost", ends_in=timedelta(days=-1)) as server:
        doctor.settings |= {"WEBCRM_URL": server.url}
        text = doctor.said("webCRM login")
    assert "has expired; its owner must renew it, unless the clock of this machine is wrong" in text
    assert "CA_BUNDLE" not in text


def test_doctor_writes_nothing_into_a_mailbox_of_another_installation(doctor: Doctor) -> None:
    taken = "taken@nordwind.example"
    doctor.scenario.sandbox.outlook.add_mailbox(taken, "Taken")
    with another_installation(doctor.scenario) as other:
        admin.add(other.context, admin.inspect(other.context, taken))
        other.wait(SETTLE)
        other.run_until_idle()
    doctor.scenario.sandbox.journal.clear()
    text = doctor.said("mailboxes", arguments=(taken,))
    assert text.startswith(f"{taken}: Another installation of webCRM sync works on this mailbox")
    assert text.endswith(f"`webcrm-sync mailbox add {taken} --take-over`")
    user_id = doctor.scenario.sandbox.outlook.mailbox(taken).user_id
    writes = [e for e in doctor.scenario.sandbox.journal.exchanges if e.method != "GET"]
    assert not any(user_id in e.path for e in writes)
