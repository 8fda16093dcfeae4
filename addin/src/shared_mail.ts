/** Distinguishes a mail in a shared mailbox from one that does not exist. */

import type { Api } from "./api.ts";
import { AddinError } from "./errors.ts";
import type { Host } from "./host.ts";

/** The same API, but "not_found" becomes "shared" if Outlook says that the mail is shared. */
export function withSharedMailErrors(api: Api, host: Pick<Host, "isShared">): Api {
  const explain = async <T>(response: Promise<T>): Promise<T> => {
    try {
      return await response;
    } catch (error) {
      const isNotFound = error instanceof AddinError && error.kind === "not_found";
      throw isNotFound && (await host.isShared()) ? new AddinError("shared") : error;
    }
  };
  return {
    ...api,
    state: (mail, signal, options) => explain(api.state(mail, signal, options)),
    sync: (mail, choice) => explain(api.sync(mail, choice)),
    choose: (mail, id) => explain(api.choose(mail, id)),
    editPlace: (mail, edit) => explain(api.editPlace(mail, edit)),
    suggestions: (mail, signal) => explain(api.suggestions(mail, signal)),
    createCustomer: (mail, customer, choice) => explain(api.createCustomer(mail, customer, choice)),
    act: (action, mail) => explain(api.act(action, mail)),
    story: (mail, signal) => explain(api.story(mail, signal)),
  };
}
