"""The simulated Entra with the real msal, and the simulated Graph with the real SDK."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.models.message import Message
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.messages.item.move.move_post_request_body import (
    MovePostRequestBody,
)
from msgraph.graph_request_adapter import GraphRequestAdapter

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.entra import App, Entra
from webcrm_sync_sandbox.graph import Graph
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.outlook import Mail, Outlook


class Trusting(requests.Session):
    """A session that trusts the sandbox's authority in any environment."""

    def __init__(self, ca_pem: Path) -> None:
        super().__init__()
        self._ca_pem = str(ca_pem)

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **(kwargs | {"verify": self._ca_pem}))


@dataclass
class Directory:
    """An Entra that runs, and a session that trusts it."""

    entra: Entra
    app: App
    session: Trusting

    @property
    def authority(self) -> str:
        return f"{self.entra.url}/{self.entra.tenant_id}"

    def client(self, **more: Any) -> msal.ConfidentialClientApplication:
        known: dict[str, Any] = {
            "client_id": self.app.client_id,
            "client_credential": self.app.secret,
            "authority": self.authority,
            "instance_discovery": False,
            "http_client": self.session,
        }
        return msal.ConfidentialClientApplication(**(known | more))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    entra = Entra(Clock(), folder=tmp_path_factory.mktemp("entra"))
    with Server(entra, ssl_context=entra.ssl_context) as server:
        entra.url = server.url
        yield entra


@pytest.fixture
def directory(served: Entra) -> Iterator[Directory]:
    with Trusting(served.ca_pem) as session:
        yield Directory(served, served.add_app(), session)


SCOPE = ["http://127.0.0.1:5000/.default"]
AUDIENCE = "http://127.0.0.1:5000"


def test_msal_gets_a_token_for_the_application(directory: Directory) -> None:
    result = directory.client().acquire_token_for_client(SCOPE)
    keys = jwt.PyJWKSet.from_dict(
        directory.session.get(f"{directory.authority}/discovery/v2.0/keys").json()
    )
    claims = jwt.decode(
        result["access_token"], keys.keys[0], algorithms=["RS256"], audience=AUDIENCE
    )
    assert claims["tid"] == directory.entra.tenant_id
    assert claims["appid"] == directory.app.client_id
    assert "Mail.ReadWrite" in claims["roles"]
    assert "scp" not in claims
    assert directory.entra.claims(result["access_token"], audience=AUDIENCE)
    assert not directory.entra.claims(result["access_token"], audience="http://other")


def test_an_application_without_roles_in_entra_has_no_such_claim(directory: Directory) -> None:
    directory.app.roles = ()
    token = directory.client().acquire_token_for_client(SCOPE)["access_token"]
    claims = directory.entra.claims(token, audience=AUDIENCE)
    assert claims is not None
    assert "roles" not in claims


@pytest.mark.parametrize(
    ("more", "error", "number"),
    [
        ({"client_credential": "wrong"}, "invalid_client", 7000215),
        ({"client_id": "unknown"}, "unauthorized_client", 700016),
    ],
)
def test_a_wrong_application_gets_entras_error_codes(
    directory: Directory, more: dict[str, str], error: str, number: int
) -> None:
    result = directory.client(**more).acquire_token_for_client(SCOPE)
    assert (result["error"], result["error_codes"]) == (error, [number])
    assert f"AADSTS{number}" in result["error_description"]


def test_a_wrong_tenant_is_not_found(directory: Directory) -> None:
    url = f"{directory.entra.url}/nowhere/oauth2/v2.0/token"
    answer = directory.session.post(url, data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_a_scope_that_is_not_the_default_is_refused(directory: Directory) -> None:
    result = directory.client().acquire_token_for_client([f"{AUDIENCE}/Mail.Read"])
    assert result["error"] == "invalid_scope"


def certificate() -> tuple[str, bytes]:
    """A private key and its certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webCRM sync")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode(), signed.public_bytes(serialization.Encoding.PEM)


def test_a_certificate_proves_the_application_once_it_is_registered(
    directory: Directory,
) -> None:
    private, pem = certificate()
    credential = {"private_key": private, "public_certificate": pem.decode()}
    refused = directory.client(client_credential=credential).acquire_token_for_client(SCOPE)
    assert refused["error_codes"] == [700027]
    directory.entra.add_certificate(directory.app, pem)
    result = directory.client(client_credential=credential).acquire_token_for_client(SCOPE)
    assert "access_token" in result


def test_the_application_acts_on_behalf_of_a_person_who_agreed(directory: Directory) -> None:
    mine = directory.entra.issue_user_token(
        "user-1", directory.app.client_id, ("access_as_user",), name="ann@example.com"
    )
    ask = [f"{AUDIENCE}/Mail.ReadWrite"]
    result = directory.client().acquire_token_on_behalf_of(mine, ask)
    claims = directory.entra.claims(result["access_token"], audience=AUDIENCE)
    assert claims is not None
    assert (claims["oid"], claims["appid"]) == ("user-1", directory.app.client_id)
    directory.app.consented = False
    refused = directory.client().acquire_token_on_behalf_of(mine, ask)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [65001])


def test_another_persons_assertion_is_refused(directory: Directory) -> None:
    foreign = directory.entra.issue_user_token("user-1", "another-app", ("access_as_user",))
    refused = directory.client().acquire_token_on_behalf_of(foreign, [f"{AUDIENCE}/Mail.Read"])
    assert refused["error_codes"] == [50013]


def test_a_token_is_refused_after_it_expired_or_was_revoked(directory: Directory) -> None:
    entra = directory.entra
    token = entra.issue_user_token("user-1", AUDIENCE, ("Mail.ReadWrite",))
    assert entra.claims(token, audience=AUDIENCE)
    entra.revoke_tokens()
    assert not entra.claims(token, audience=AUDIENCE)
    life, entra.lifetime = entra.lifetime, timedelta(seconds=-1)
    over = entra.issue_user_token("user-1", AUDIENCE, ("Mail.ReadWrite",))
    entra.lifetime = life
    assert not entra.claims(over, audience=AUDIENCE)


def test_entra_is_refused_without_its_certificate_authority(directory: Directory) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(directory.authority, verify=ssl.create_default_context())


class Tokens(AccessTokenProvider):  # type: ignore[misc]  # seen as Any: not followed, too large
    """msal's token for the SDK."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator(["127.0.0.1"])


def test_the_real_sdk_reads_moves_and_marks_with_a_token_of_the_real_msal(
    directory: Directory,
) -> None:
    clock = Clock()
    outlook = Outlook(clock)
    box = outlook.add_mailbox("ann@example.com", "Ann")
    folder = box.make_folder("inbox", "webCRM sync")
    item = box.deliver(Mail("Offer", "Bo <bo@example.org>", "ann@example.com"))
    graph = Graph(outlook, clock, tokens=directory.entra)
    with Server(graph) as server:
        result = directory.client().acquire_token_for_client([f"{server.url}/.default"])
        asyncio.run(_drive(server.url, result["access_token"], box.user_id, item, folder.id))
    graph.close()
    assert box.read(item).folder == "webCRM sync"
    assert box.read(item).categories == ("Synced",)


async def _drive(url: str, token: str, user_id: str, item: str, folder: str) -> None:
    async with httpx.AsyncClient(timeout=10) as http:
        adapter = GraphRequestAdapter(
            BaseBearerTokenAuthenticationProvider(Tokens(token)), client=http
        )
        adapter.base_url = f"{url}/v1.0"
        user = GraphServiceClient(request_adapter=adapter).users.by_user_id(user_id)
        immutable: RequestConfiguration[Any] = RequestConfiguration()
        immutable.headers.add("Prefer", 'IdType="ImmutableId"')
        message = user.messages.by_message_id(item)
        moved = await message.move.post(MovePostRequestBody(destination_id=folder), immutable)
        assert moved
        assert moved.id == item
        inside = user.mail_folders.by_mail_folder_id(folder).messages
        page = await inside.delta.get(immutable)
        assert page
        assert page.odata_delta_link
        assert [one.id for one in page.value or []] == [item]
        await message.patch(Message(categories=["Synced"]), immutable)
        later = await inside.delta.with_url(page.odata_delta_link).get(immutable)
        assert later
        assert [one.categories for one in later.value or []] == [["Synced"]]
        with pytest.raises(ODataError) as refusal:
            await user.messages.by_message_id("nonsense").get()
        assert refusal.value.error
        assert refusal.value.error.code == "ErrorInvalidIdMalformed"
