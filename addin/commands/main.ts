/** The button without a pane: one request, then one line on the mail. */

import { createApi } from "../src/api.ts";
import { createAuth } from "../src/auth.ts";
import { readConfig } from "../src/config.ts";
import { associate, connect } from "../src/host.ts";
import { toldApart } from "../src/shared_mail.ts";
import { syncNow } from "../src/sync_now.ts";
import { createWindows } from "../src/page_channel.ts";
import { wordsFor } from "../src/i18n.ts";

const config = readConfig();

associate("syncNow", async () => {
  const host = await connect();
  if (host) {
    const auth = createAuth(config, host);
    const api = toldApart(createApi(config.api, auth.token), host);
    const { folderName } = config;
    const windows = createWindows();
    await syncNow({ host, api, auth, windows, words: wordsFor(host.language), folderName });
  }
});

await connect();
