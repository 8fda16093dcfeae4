/** The only module that calls the screen's server. */

/** The configuration that the server put into the page. */
export const config = JSON.parse(document.getElementById("config").textContent);

const mailPath = (address, id) =>
  `/screen/mails/${encodeURIComponent(address)}/${encodeURIComponent(id)}`;

/** No answer: there is no network, or the demo was stopped. A later call may succeed. */
export class NoAnswer extends Error {}

async function call(path, init) {
  try {
    return await fetch(path, init);
  } catch (error) {
    throw new NoAnswer(path, { cause: error });
  }
}

async function post(path, body = {}) {
  const answer = await call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.json();
}

/** The present snapshot as text, so that the page parses it only when it has changed. */
export async function fetchSnapshot() {
  const answer = await call("/screen/now");
  try {
    return await answer.text();
  } catch (error) {
    throw new NoAnswer("/screen/now", { cause: error }); // the connection broke during the answer
  }
}

/** The text of a mail, as Outlook gives it to an add-in. */
export async function fetchText(address, id) {
  return (await call(`${mailPath(address, id)}/text`)).text();
}

export const letterUrl = (address, id, scheme) =>
  `${mailPath(address, id)}/letter?scheme=${scheme}`;
export const fileUrl = (address, id, number) => `${mailPath(address, id)}/files/${number}`;
export const documentUrl = (id) => `/screen/documents/${id}`;

export const move = (address, id, folder) => post(`${mailPath(address, id)}/move`, { folder });
export const read = (address, id) => post(`${mailPath(address, id)}/read`);
export const deliver = (address, what) =>
  post(`/screen/mailboxes/${encodeURIComponent(address)}/deliver`, what);
export const addOrganisation = (fields) => post("/screen/crm/organisations", fields);
export const addPerson = (fields) => post("/screen/crm/persons", fields);
export const sendMail = (fields) => post("/screen/crm/mails", fields);
export const token = (fields) => post("/screen/token", fields);
export const setNetworkDown = (isDown) => post("/screen/line", { isDown });
export const setOutage = (outage, isOn) => post("/screen/moods", { mood: outage, isOn });
