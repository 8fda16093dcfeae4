"""A program that does the same work simply: mail by mail, with a typed call for each step."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

import httpx
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.models.message import Message
from msgraph.generated.users.item.mail_folders.item.messages.messages_request_builder import (
    MessagesRequestBuilder,
)

from webcrm_sync.core.categories import Mark
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.sdk import create_adapter
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync_sandbox.environment import Sandbox

_Listing = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters


class SimpleIntegration:
    """Uses the SDK's typed client for Graph, and one request per step for webCRM."""

    def __init__(self, settings: Settings, user: str, folder: str) -> None:
        login = AppLogin(settings, now=lambda: datetime.now(UTC))
        client = httpx.AsyncClient(timeout=90)
        self._graph = GraphServiceClient(
            request_adapter=create_adapter(login, client, settings.graph_url)
        )
        self._crm = httpx.AsyncClient(base_url=settings.webcrm_url, timeout=60)
        self._token = settings.webcrm_token.get_secret_value()
        self._mailbox = self._graph.users.by_user_id(user)
        self._folder = self._mailbox.mail_folders.by_mail_folder_id(folder)

    async def sync(self) -> int:
        """Sync every mail of the folder; return their number."""
        login = await self._crm.post("/Auth/ApiLogin", data={"authCode": self._token})
        self._crm.headers["Authorization"] = f"Bearer {login.json()['AccessToken']}"
        query = _Listing(top=50, select=["id"])
        page = await self._folder.messages.get(RequestConfiguration(query_parameters=query))
        done = 0
        while page:
            for listed in page.value:
                await self._sync_one(listed.id)
                done += 1
            more = page.odata_next_link
            page = await self._folder.messages.with_url(more).get() if more else None
        return done

    async def _sync_one(self, message_id: str) -> None:
        message = self._mailbox.messages.by_message_id(message_id)
        mail = await message.get()
        address = mail.from_.email_address.address
        script = (
            f"SELECT PersonId, PersonOrganisationId FROM Person WHERE PersonEmail = '{address}'"
        )
        answer = await self._crm.get("/Queries", params={"script": script})
        person = answer.raise_for_status().json()[0]
        activity = {
            "ActivityId": 0,
            "ActivityStatus": "Completed",
            "ActivityAction": "E-mail in",
            "ActivityOrganisationId": person["PersonOrganisationId"],
            "ActivityPersonId": person["PersonId"],
            "ActivityDescription": mail.subject,
            "ActivityMemo": mail.body.content,
            "ActivityDateTime": mail.sent_date_time.isoformat(),
        }
        (await self._crm.post("/Activities", json=activity)).raise_for_status()
        await message.patch(Message(categories=[*(mail.categories or ()), *Mark.SYNCED.value]))


def main() -> None:
    """Sync one folder with the environment's settings; print the time and the mails as JSON."""
    user, folder = sys.argv[1:]
    named = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    integration = SimpleIntegration(Sandbox.settings_of(named), user, folder)
    began, cpu = time.monotonic(), time.process_time()
    mails = asyncio.run(integration.sync())
    took = {"mails": mails, "s": time.monotonic() - began, "cpu_s": time.process_time() - cpu}
    print(json.dumps(took))


if __name__ == "__main__":
    main()
