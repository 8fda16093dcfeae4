import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createApi, NO_CHOICE } from "../src/api.ts";
import type { PlaceEdit } from "../src/wanted_places.ts";
import { mailState, place } from "./fixtures.ts";

interface Call {
  line: string;
  token: string;
  body: unknown;
}

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

const REF = { itemId: "AAMk/+=", idType: "ews", messageId: null } as const;
let calls: Call[] = [];
let replies: Reply[] = [];
let tokens: unknown[] = [];
let base = "";
const server = createServer((request, response) => void serve(request, response));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString();
  calls.push({
    line: `${request.method} ${request.url}`,
    token: request.headers.authorization ?? "",
    body: text ? JSON.parse(text) : null,
  });
  (replies.shift() ?? respondsWith(200, {}))(response, request);
}

function respondsWith(status: number, body: unknown): Reply {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };
}

const closesConnection: Reply = (_, request) => void request.socket.destroy();

beforeEach(async () => {
  [calls, replies, tokens] = [[], [], []];
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function api() {
  return createApi(base, async (wanted) => {
    tokens.push(wanted);
    return `token ${tokens.length}`;
  });
}

const { signal } = new AbortController();

describe("a call", () => {
  test("requests the state of one mail, with a token for the server", async () => {
    replies = [respondsWith(200, { mails: [mailState("synced")] })];
    expect(await api().state(REF, signal)).toEqual(mailState("synced"));
    expect(calls).toEqual([
      { line: "POST /api/v1/mails/state", token: "Bearer token 1", body: { mails: [REF] } },
    ]);
  });

  test("syncs as the person chose, and names nothing without a choice", async () => {
    const along = { text: "new", files: ["offer.pdf"] } as const;
    const places = [place(7, "Harbour"), { ...place(8, "Mill"), opportunityId: 31 }];
    await api().sync(REF, {
      places,
      along: { ...along, files: [...along.files] },
      evenIfPrivate: true,
    });
    await api().sync(REF, NO_CHOICE);
    expect(calls.map((call) => call.body)).toEqual([
      {
        mail: REF,
        places: [{ organisationId: 7 }, { organisationId: 8, opportunityId: 31 }],
        along,
        evenIfPrivate: true,
      },
      { mail: REF },
    ]);
  });

  test.each<[PlaceEdit, string, object]>([
    [{ kind: "add", place: place(7, "Harbour") }, "add", { organisationId: 7 }],
    [{ kind: "remove", organisationId: 7 }, "remove", { organisationId: 7 }],
    [
      { kind: "move", organisationId: 7, to: place(8, "Mill") },
      "move",
      { organisationId: 7, to: 8 },
    ],
    [
      { kind: "opportunity", organisationId: 7, opportunityId: 31 },
      "opportunity",
      { organisationId: 7, opportunityId: 31 },
    ],
    [
      { kind: "opportunity", organisationId: 7, opportunityId: null },
      "opportunity",
      { organisationId: 7, opportunityId: null },
    ],
  ])("edits a place: %j", async (edit, path, body) => {
    await api().editPlace(REF, edit);
    expect(calls[0]).toMatchObject({
      line: `POST /api/v1/mails/places/${path}`,
      body: { mail: REF, ...body },
    });
  });

  test.each([
    ["PrivateMail", "private"],
    ["LastPlace", "last_place"],
    ["conflict", "conflict"],
  ])("refused with %s is the error %s", async (code, kind) => {
    replies = [respondsWith(409, { code, detail: "" })];
    await expect(api().sync(REF, NO_CHOICE)).rejects.toMatchObject({ kind });
  });

  test("escapes an address in a path", async () => {
    replies = [
      respondsWith(200, { organisations: [] }),
      respondsWith(204, null),
      respondsWith(204, null),
    ];
    await api().organisations("Ø & söner/100%", signal);
    await api().alwaysSync("a/b@harbour.example", true);
    await api().alwaysSync("a/b@harbour.example", false);
    expect(calls.map((call) => call.line)).toEqual([
      "GET /api/v1/organisations?search=%C3%98%20%26%20s%C3%B6ner%2F100%25",
      "PUT /api/v1/rules/a%2Fb%40harbour.example",
      "DELETE /api/v1/rules/a%2Fb%40harbour.example",
    ]);
  });
});

describe("a second request for a mail", () => {
  const full = (name: string, version: string) =>
    respondsWith(200, { mails: [mailState(name)], versions: [version] });
  const changed = (isChanged: boolean) => respondsWith(200, { isChanged });
  const lines = () => calls.map(({ line }) => line.replace("POST /api/v1/mails/", ""));

  test("asks only whether the version changed", async () => {
    replies = [full("known", "v1"), changed(false), changed(true), full("synced", "v2")];
    const { state } = api();
    const first = await state(REF, signal);
    expect(await state(REF, signal)).toBe(first);
    expect((await state(REF, signal)).state).toBe("synced");
    expect(lines()).toEqual(["state", "changed", "changed", "state"]);
    expect(calls[1]?.body).toEqual({ version: "v1", waits: false });
    expect(calls[3]?.body).toEqual({ mails: [{ ...REF, version: "v1" }] });
  });

  test("fetches in full after an action, and for another mail", async () => {
    replies = [
      full("known", "v1"),
      respondsWith(200, mailState("on_its_way")),
      full("synced", "v2"),
    ];
    const { state, sync } = api();
    await state(REF, signal);
    await sync(REF, NO_CHOICE);
    await state(REF, signal);
    replies = [full("known", "v3")];
    await state({ ...REF, itemId: "another" }, signal);
    expect(lines()).toEqual(["state", "sync", "state", "state"]);
  });
});

test("a busy server says how long to wait", async () => {
  const busy: Reply = (response) => {
    response.writeHead(503, { "Retry-After": "7" });
    response.end();
  };
  replies = [busy];
  await expect(api().state(REF, signal)).rejects.toMatchObject({ retryAfterMs: 7_000 });
});

test("a mail outside the person's mailbox is not found", async () => {
  const unknown = mailState("known", { forecast: null, can: [], detail: "Not in your mailbox." });
  replies = [respondsWith(200, { mails: [unknown] })];
  await expect(api().state(REF, signal)).rejects.toMatchObject({ kind: "not_found" });
});

describe("a lost network", () => {
  test("is worth a second attempt for a repeatable call", async () => {
    replies = [closesConnection, respondsWith(200, { mails: [mailState("synced")] })];
    expect((await api().state(REF, signal)).state).toBe("synced");
    expect(calls).toHaveLength(2);
  });

  test("is an error after the second attempt", async () => {
    replies = [closesConnection, closesConnection];
    await expect(api().state(REF, signal)).rejects.toMatchObject({ kind: "away" });
    expect(calls).toHaveLength(2);
  });

  test("is an error at once for a call that must not run twice", async () => {
    replies = [closesConnection];
    const contact = { name: "Office", address: "office@mill.example", organisationId: 8 };
    await expect(api().createContact(contact)).rejects.toMatchObject({ kind: "away" });
    expect(calls).toHaveLength(1);
  });
});

describe("a refusal", () => {
  test.each([
    [403, { code: "no_mailbox", detail: "me@company.example" }, "no_mailbox"],
    [404, { code: "not_found" }, "not_found"],
    [400, { code: "invalid", detail: "no name" }, "invalid"],
    [409, { code: "conflict" }, "conflict"],
    [503, { code: "try_later", retryAfter: 5 }, "try_later"],
    [500, { title: "Something went wrong" }, "away"],
  ])("%d keeps its kind", async (status, problem, kind) => {
    replies = [respondsWith(status, problem)];
    const { detail = null } = problem as { detail?: string };
    await expect(api().act("undo", REF)).rejects.toMatchObject({ kind, detail });
  });

  test("from a proxy counts as no answer", async () => {
    replies = [(response) => response.writeHead(502).end("<h1>Bad gateway</h1>")];
    await expect(api().act("undo", REF)).rejects.toMatchObject({ kind: "away" });
  });
});

describe("too many calls at once", () => {
  const refused: Reply = (response) => {
    response.writeHead(429, { "Content-Type": "application/json", "Retry-After": "0.01" });
    response.end(JSON.stringify({ code: "try_later", retryAfter: 1 }));
  };

  test("are repeated, since the server has not begun them", async () => {
    replies = [refused, refused, respondsWith(200, mailState("synced"))];
    expect((await api().act("retry", REF)).state).toBe("synced");
    expect(calls).toHaveLength(3);
  });

  test("become an error if the server keeps refusing", async () => {
    replies = [refused, refused, refused, refused];
    await expect(api().act("retry", REF)).rejects.toMatchObject({ kind: "try_later" });
    expect(calls).toHaveLength(4);
  });

  test("are not repeated after an abort", async () => {
    const ending = new AbortController();
    replies = [
      (response, request) => {
        refused(response, request);
        ending.abort();
      },
    ];
    await expect(api().state(REF, ending.signal)).rejects.toMatchObject({ name: "AbortError" });
    expect(calls).toHaveLength(1);
  });
});

describe("a token that the server refuses", () => {
  test("is replaced once by a fresh one with the claims", async () => {
    replies = [
      respondsWith(401, { code: "claims", claims: '{"x":1}' }),
      respondsWith(200, mailState("synced")),
    ];
    expect((await api().act("retry", REF)).state).toBe("synced");
    expect(tokens).toEqual([
      { fresh: false, claims: null },
      { fresh: true, claims: '{"x":1}' },
    ]);
    expect(calls.map((call) => call.token)).toEqual(["Bearer token 1", "Bearer token 2"]);
  });

  test("is an error if the server refuses the fresh one as well", async () => {
    const refused = respondsWith(401, { code: "claims", claims: "c" });
    replies = [refused, refused];
    await expect(api().act("retry", REF)).rejects.toMatchObject({
      kind: "signed_out",
      claims: "c",
    });
    expect(calls).toHaveLength(2);
  });
});

test("an aborted read is cancelled", async () => {
  const ending = new AbortController();
  replies = [() => ending.abort()];
  await expect(api().state(REF, ending.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(calls).toHaveLength(1);
});
