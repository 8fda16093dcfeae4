/** Names for the JSON of the API, taken from the generated types. */

import type { paths } from "./api_types.ts";

/** The paths that take a POST, such as "/mails/state". */
export type PostPath = {
  [P in keyof paths]: paths[P] extends { post: unknown } ? P : never;
}[keyof paths];
/** The body that a POST to this path takes. */
export type RequestBody<P extends PostPath> =
  paths[P]["post"]["requestBody"]["content"]["application/json"];
/** The body that answers a POST to this path. */
export type ResponseBody<P extends PostPath> =
  paths[P]["post"]["responses"][200]["content"]["application/json"];

type GetBody<P extends "/connection" | "/organisations"> =
  paths[P]["get"]["responses"][200]["content"]["application/json"];

export type MailState = ResponseBody<"/mails/state">["mails"][number];
export type MailStatus = MailState["state"];
/** The steps of a mail on its way to webCRM, true once done. */
export type Steps = MailState["steps"];
/** What a person can do with the mail now. */
export type Action = MailState["can"][number];
/** An Organisation that the mail is filed under, or will be, and why. */
export type Target = MailState["targets"][number];
/** A deal that is under way with an Organisation. */
export type Opportunity = Target["opportunities"][number];
/** An Organisation that the mail may belong to. `who`: the contact or the domain that says so. */
export type Candidate = MailState["candidates"][number];
/** Organisations to offer for one more place. */
export type Suggestions = ResponseBody<"/mails/suggestions">;

/** What was stored of a mail, or will be by the settings. */
export type StoredParts = NonNullable<MailState["along"]>;
export type TextChoice = StoredParts["text"];
/** What of a mail goes into webCRM. `files`: the names of its attachments; null = all. */
export interface Along {
  text: TextChoice;
  files: string[] | null;
}

/** An Organisation to create from a mail, its contact, and the place that it takes over. */
export type Customer = Pick<
  RequestBody<"/mails/customer">,
  "organisation" | "contact" | "evenIfSimilar" | "replaces"
>;
/** `similar`: Organisations that exist already; then nothing was created. */
export type CustomerAnswer = ResponseBody<"/mails/customer">;

/** A sentence of the server's own, which has a text in each language. */
export type Phrase = NonNullable<MailState["phrase"]>;

export type Story = ResponseBody<"/mails/story">;
export type StoryLine = Story["lines"][number];
export type StoryFacts = StoryLine["facts"];

export type Organisations = GetBody<"/organisations">;
export type Organisation = Organisations["organisations"][number];
export type Contact = RequestBody<"/contacts">;
export type Connection = GetBody<"/connection">;
/** The body of a refusal (RFC 9457). */
export type Problem =
  paths["/connection"]["get"]["responses"][401]["content"]["application/problem+json"];
