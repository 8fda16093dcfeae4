/** A mail that is not found in the own mailbox may be open in somebody else's. */

import type { Api } from "./api.ts";
import { Trouble } from "./errors.ts";
import type { Host } from "./host.ts";

/** The same API, but a mail that the server does not find is named as shared where Outlook says so. */
export function toldApart(api: Api, host: Pick<Host, "isShared">): Api {
  const inOwn = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      const isLost = error instanceof Trouble && error.kind === "not_found";
      throw isLost && (await host.isShared()) ? new Trouble("shared") : error;
    }
  };
  return {
    ...api,
    state: (mail, signal) => inOwn(api.state(mail, signal)),
    sync: (mail, ids) => inOwn(api.sync(mail, ids)),
    choose: (mail, id, replaces) => inOwn(api.choose(mail, id, replaces)),
    act: (action, mail) => inOwn(api.act(action, mail)),
    story: (mail, signal) => inOwn(api.story(mail, signal)),
  };
}
