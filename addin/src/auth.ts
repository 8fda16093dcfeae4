/** Sign-in by nested app authentication: a token for the product's own server, never for Graph. */

import {
  type AccountInfo,
  createNestablePublicClientApplication,
  type IPublicClientApplication,
} from "@azure/msal-browser";
import { broadcastResponseToMainFrame } from "@azure/msal-browser/redirect-bridge";

import type { TokenSource } from "./api.ts";
import type { Config } from "./config.ts";
import { AddinError, noAnswer } from "./errors.ts";
import { codeOf, signInError } from "./sign_in_errors.ts";

export interface Auth {
  /** A token, without asking the person. Rejects with "signed_out" when they must sign in. */
  token: TokenSource;
  /**
   * Opens the sign-in for the person; call it from a click only. `claims`: what the server wants
   * the token to contain. Rejects with "signed_out" if the person cancels. A later call replaces
   * a pending one: both settle as the later one does.
   */
  signIn(claims: string | null): Promise<void>;
}

/** The page to which a sign-in window returns, where Outlook does not sign in by itself. */
const RETURN_PAGE = "/addin/taskpane.html";

/** The person as Outlook knows them. `nested`: Outlook signs in for the pages inside it. */
export interface Person {
  address: string;
  nested: boolean;
}

/** Sign-in for this page. Loads MSAL's client on the first call. */
export function createAuth(config: Config, person: Person): Auth {
  let creation: Promise<IPublicClientApplication> | null = null;
  let account: AccountInfo | null = null;
  let latest: Promise<void> | null = null;
  const client = () => (creation ??= createClient(config));
  const base = { scopes: [config.scope], redirectUri: location.origin + RETURN_PAGE };
  // Outlook names the account itself; a remembered one may belong to another mailbox.
  const accountIn = (app: IPublicClientApplication) =>
    person.nested ? null : (account ?? rememberedAccount(app, person.address));
  // MSAL does not notice that a person closed the window, so a new attempt replaces the old one.
  const openSignIn = async (claims: string | null) => {
    try {
      const extra = { loginHint: person.address, overrideInteractionInProgress: true };
      const request = { ...base, ...extra, ...(claims && { claims }) };
      ({ account } = await (await client()).acquireTokenPopup(request));
    } catch (error) {
      throw signInError(error, claims);
    }
  };

  return {
    async token({ fresh, claims }) {
      try {
        const app = await client();
        const known = accountIn(app);
        const request = { ...base, forceRefresh: fresh, ...(claims && { claims }) };
        const result = await app.acquireTokenSilent(
          known ? { ...request, account: known } : request,
        );
        return result.accessToken;
      } catch (error) {
        throw silentError(error, claims);
      }
    },
    signIn(claims) {
      const attempt: Promise<void> = openSignIn(claims).catch((error: unknown) => {
        if (latest === attempt || !latest) {
          throw error;
        }
        return latest;
      });
      latest = attempt;
      return attempt;
    },
  };
}

/**
 * True if this page is the return page of a sign-in window; passes the response on to the pane.
 * Source: the redirect bridge of @azure/msal-browser 5.
 */
export async function forwardedSignIn(): Promise<boolean> {
  if (!/[#&?](code|error)=/.test(location.href) || !/[#&?]state=/.test(location.href)) {
    return false;
  }
  await broadcastResponseToMainFrame();
  return true;
}

function createClient({ clientId, authority }: Config): Promise<IPublicClientApplication> {
  return createNestablePublicClientApplication({
    auth: { clientId, authority, knownAuthorities: [new URL(authority).host] },
    cache: { cacheLocation: "localStorage" },
  });
}

function rememberedAccount(app: IPublicClientApplication, address: string): AccountInfo | null {
  const wanted = address.toLowerCase();
  return app.getAllAccounts().find(({ username }) => username.toLowerCase() === wanted) ?? null;
}

/** Outlook's brokers fail in many ways, some without a code: a sign-in by the person helps. */
function silentError(error: unknown, claims: string | null): AddinError {
  const failure = noAnswer();
  return failure.kind === "offline" ? failure : new AddinError("signed_out", codeOf(error), claims);
}
