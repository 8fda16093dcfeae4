/** The page of the function command: syncs the selected mail without a pane. */

import { createApi } from "../src/api.ts";
import { createAuth } from "../src/auth.ts";
import { readConfig } from "../src/config.ts";
import { connect, registerCommand } from "../src/host.ts";
import { loadTexts } from "../src/i18n.ts";
import { createPageChannel } from "../src/page_channel.ts";
import { withSharedMailErrors } from "../src/shared_mail.ts";
import { syncNow } from "../src/sync_now.ts";

const config = readConfig();

registerCommand("syncNow", async () => {
  const host = await connect();
  if (host) {
    const auth = createAuth(config, host);
    const api = withSharedMailErrors(createApi(config.api, auth.token), host);
    const channel = createPageChannel();
    const texts = await loadTexts(host.language);
    await syncNow({ host, api, auth, channel, texts, folderName: config.folderName });
  }
});

await connect();
