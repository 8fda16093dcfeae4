/** The dialogs of webCRM and Outlook. */

import { h } from "./dom.js";

/** Shows a dialog; resolves to the values of its fields, or to null after Cancel. */
export function ask({ title, text = "", fields = [], button }) {
  return new Promise((resolve) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      text ? h("p", {}, text) : null,
      fields.map(drawField),
      h(
        "p",
        { class: "buttons" },
        h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel"),
        h("button", { class: "primary", value: "yes" }, button),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
    });
    document.getElementById("dialogs").append(dialog);
    dialog.showModal();
  });
}

function drawField({ name, label, value = "", kind = "text", options }) {
  const common = { name, required: true, id: `field-${name}` };
  const chosen = (id) => String(id) === String(value);
  const control = options
    ? h(
        "select",
        common,
        options.map(([id, word]) => h("option", { value: id, selected: chosen(id) }, word)),
      )
    : kind === "area"
      ? h("textarea", { ...common, rows: 5 }, value)
      : h("input", { ...common, type: kind, value });
  return h("label", {}, label, control);
}

export const forms = {
  organisation: () => ({
    title: "New Organisation",
    button: "Create",
    fields: [{ name: "name", label: "Name" }],
  }),
  person: ({ crm, organisation, name, address }) => ({
    title: "New contact",
    button: "Create",
    fields: [
      { name: "name", label: "Name", value: name },
      { name: "address", label: "E-mail address", kind: "email", value: address },
      {
        name: "organisation",
        label: "Organisation",
        value: organisation,
        options: crm.organisations.map((one) => [one.id, one.name]),
      },
    ],
  }),
  mail: ({ crm, organisation }) => {
    const persons = crm.persons.filter(({ address }) => address);
    const first = persons.find((one) => one.organisation === organisation);
    return {
      title: "Send a mail from webCRM",
      button: "Send",
      fields: [
        {
          name: "person",
          label: "To",
          value: first?.id,
          options: persons.map((one) => [one.id, `${one.name} <${one.address}>`]),
        },
        { name: "subject", label: "Subject", value: "Your order is confirmed" },
        {
          name: "text",
          label: "Text",
          kind: "area",
          value: "Hello,\n\nthank you for the order.\n",
        },
      ],
    };
  },
};
