/** The configuration that the server writes into the page. */
export interface Config {
  clientId: string;
  /** Where people sign in: ENTRA_AUTHORITY and the tenant. */
  authority: string;
  scope: string;
  /** The base of the API, such as "/api/v1". */
  api: string;
  folderName: string;
  /** The usual time from the click to the mark, in seconds. */
  usualSeconds: number;
}

/** The configuration of this page; throws if the page has none. */
export function readConfig(): Config {
  const text = document.getElementById("config")?.textContent;
  if (!text) {
    throw new Error("the page has no configuration");
  }
  return JSON.parse(text) as Config;
}
