/** The only module that calls the screen's server. */

/** What the page was told when it was made. */
export const told = JSON.parse(document.getElementById("told").textContent);

const mailPath = (address, id) =>
  `/screen/mails/${encodeURIComponent(address)}/${encodeURIComponent(id)}`;

async function post(path, body = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.json();
}

/** What there is to see now, as text, so that nothing is read twice. */
export async function lookNow() {
  return (await fetch("/screen/now")).text();
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
export const pullLine = (isDown) => post("/screen/line", { isDown });
