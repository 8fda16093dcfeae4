/** The values the server wrote into the page. */
export interface Config {
  clientId: string;
  /** ENTRA_AUTHORITY and the tenant: where people sign in. */
  authority: string;
  scope: string;
  /** Where the API begins, such as "/api/v1". */
  api: string;
  folderName: string;
  /** How long a mail usually takes from the click to the mark. */
  usualSeconds: number;
}

/** The configuration of this page; throws when the page carries none. */
export function readConfig(): Config {
  const text = document.getElementById("config")?.textContent;
  if (!text) {
    throw new Error("the page carries no configuration");
  }
  return JSON.parse(text) as Config;
}
