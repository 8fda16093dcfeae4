/** Signing in by nested app authentication: a token for our own server, never for Graph. */

import {
  type AccountInfo,
  createNestablePublicClientApplication,
  type IPublicClientApplication,
} from "@azure/msal-browser";
import { broadcastResponseToMainFrame } from "@azure/msal-browser/redirect-bridge";

import type { TokenSource } from "./api.ts";
import type { Config } from "./config.ts";
import { noAnswer, Trouble } from "./errors.ts";
import { codeOf, signInFailure } from "./sign_in_errors.ts";

export interface Auth {
  /** A token without asking anybody; rejects with Trouble "signed_out" when a person must act. */
  token: TokenSource;
  /**
   * Asks the person. Only from a click. `claims`: what the server wants besides. Rejects with
   * Trouble "signed_out" when the person thought better of it. Asked again meanwhile, the latest
   * one decides.
   */
  signIn(claims: string | null): Promise<void>;
}

/** Where the window of a sign-in outside Outlook's own broker comes back to. */
const RETURN_PAGE = "/addin/taskpane.html";

/** The person as Outlook knows them. `nested`: Outlook itself signs in for the pages inside it. */
export interface Person {
  address: string;
  nested: boolean;
}

/** Sign-in for this page. Nothing is loaded or asked before the first call. */
export function createAuth(config: Config, person: Person): Auth {
  let made: Promise<IPublicClientApplication> | null = null;
  let chosen: AccountInfo | null = null;
  let latest: Promise<void> | null = null;
  const client = () => (made ??= make(config));
  const base = { scopes: [config.scope], redirectUri: location.origin + RETURN_PAGE };
  // Outlook names the account itself; one kept by us could be that of another mailbox.
  const account = (app: IPublicClientApplication) =>
    person.nested ? null : (chosen ?? remembered(app, person.address));
  // Nobody reports a window that a person closed, so a new attempt replaces the old one.
  const ask = async (claims: string | null) => {
    try {
      const more = { loginHint: person.address, overrideInteractionInProgress: true };
      const request = { ...base, ...more, ...(claims && { claims }) };
      chosen = (await (await client()).acquireTokenPopup(request)).account;
    } catch (error) {
      throw signInFailure(error, claims);
    }
  };

  return {
    async token({ fresh, claims }) {
      try {
        const app = await client();
        const known = account(app);
        const request = { ...base, forceRefresh: fresh, ...(claims && { claims }) };
        const result = await app.acquireTokenSilent(
          known ? { ...request, account: known } : request,
        );
        return result.accessToken;
      } catch (error) {
        throw quietFailure(error, claims);
      }
    },
    signIn(claims) {
      const mine: Promise<void> = ask(claims).catch((error: unknown) => {
        if (latest === mine || !latest) {
          throw error;
        }
        return latest;
      });
      latest = mine;
      return mine;
    },
  };
}

/**
 * True when this page is the end of a sign-in window: its answer has been passed on.
 * Source: the redirect bridge of @azure/msal-browser 5.
 */
export async function passedOnSignIn(): Promise<boolean> {
  if (!/[#&?](code|error)=/.test(location.href) || !/[#&?]state=/.test(location.href)) {
    return false;
  }
  await broadcastResponseToMainFrame();
  return true;
}

function make({ clientId, authority }: Config): Promise<IPublicClientApplication> {
  return createNestablePublicClientApplication({
    auth: { clientId, authority, knownAuthorities: [new URL(authority).host] },
    cache: { cacheLocation: "localStorage" },
  });
}

function remembered(app: IPublicClientApplication, address: string): AccountInfo | null {
  const wanted = address.toLowerCase();
  return app.getAllAccounts().find((one) => one.username.toLowerCase() === wanted) ?? null;
}

/** Outlook's brokers fail in many ways (empty ServerError among them): asking the person helps. */
function quietFailure(error: unknown, claims: string | null): Trouble {
  const lost = noAnswer();
  return lost.kind === "offline" ? lost : new Trouble("signed_out", codeOf(error), claims);
}
