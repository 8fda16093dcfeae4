// One answer of the API for each row of the pane's status table.

const steps = { moved: false, read: false, filed: false, marked: false };
const all = { moved: true, read: true, filed: true, marked: true };
const harbour = {
    organisationId: 7,
    organisation: "Harbour Logistics",
    link: "https://webcrm.example/organisation/7",
    person: "Purchasing",
    address: "purchasing@harbour.example",
    activityId: null,
};
const mill = {
    ...harbour,
    organisationId: 8,
    organisation: "Mill & Sons Paper Company of the North",
    link: null,
    person: "Reception",
    address: "reception@mill.example",
};
const candidates = [
    { organisationId: 7, organisation: "Harbour Logistics", why: "contact", who: "Purchasing" },
    { organisationId: 9, organisation: "Harbour Holding", why: "domain", who: "harbour.example" },
];

const blank = {
    state: "new",
    reason: null,
    detail: null,
    forecast: null,
    targets: [],
    candidates: [],
    addresses: ["purchasing@harbour.example"],
    steps,
    at: null,
    tookSeconds: null,
    way: null,
    by: null,
    can: [],
    sender: { address: "purchasing@harbour.example", name: "Purchasing" },
    alwaysSync: false,
    withdrawn: [],
    elsewhere: null,
};
const filed = { ...harbour, activityId: 4711 };
const entry = {
    organisationId: 7,
    organisation: "Harbour Logistics",
    link: "https://webcrm.example/organisation/7",
    isTold: true,
};
const taken_back = { forecast: "known", targets: [harbour], can: ["sync", "choose"] };
const end = { steps: all, at: "2026-11-23T09:41:00Z", tookSeconds: 2.4 };

export const states = {
    known: { ...blank, forecast: "known", targets: [harbour], can: ["sync", "choose"] },
    known_two: { ...blank, forecast: "known", targets: [harbour, mill], can: ["sync", "choose"] },
    nobody: { ...blank, forecast: "nobody", can: ["sync", "choose", "create_contact"] },
    several: { ...blank, forecast: "several", candidates, can: ["sync", "choose"] },
    on_its_way: { ...blank, state: "on_its_way", steps: { ...steps, moved: true, read: true } },
    synced: {
        ...blank,
        ...end,
        state: "synced",
        targets: [filed],
        way: "button",
        by: "Sales",
        can: ["change", "undo"],
        alwaysSync: true,
    },
    synced_two: {
        ...blank,
        ...end,
        state: "synced",
        targets: [filed, { ...mill, activityId: 4712 }],
        way: "rule",
        by: "Sales",
        can: ["change", "undo"],
    },
    waiting: {
        ...blank,
        state: "waiting",
        reason: "no contact",
        addresses: ["purchasing@harbour.example", "office@harbour.example"],
        can: ["create_contact", "choose"],
    },
    parked: {
        ...blank,
        state: "parked",
        reason: "refused by webcrm",
        detail: "400: ActivityDescription is too long",
        can: ["retry"],
    },
    ambiguous: {
        ...blank,
        state: "parked",
        reason: "ambiguous",
        candidates,
        can: ["choose"],
    },
    undone: { ...blank, ...taken_back, withdrawn: [entry] },
    undone_two: {
        ...blank,
        ...taken_back,
        withdrawn: [entry, { ...entry, organisationId: 8, organisation: mill.organisation }],
    },
    undone_pending: { ...blank, ...taken_back, withdrawn: [{ ...entry, isTold: false }] },
    undone_unlinked: { ...blank, ...taken_back, withdrawn: [{ ...entry, link: null }] },
    colleague: {
        ...blank,
        forecast: "known",
        targets: [filed],
        elsewhere: { state: "synced", by: "Eva Lund" },
        can: ["sync"],
    },
    colleague_unnamed: {
        ...blank,
        state: "skipped",
        reason: "never list",
        targets: [filed, { ...mill, activityId: 4712 }],
        elsewhere: { state: "synced", by: null },
    },
    colleague_waits: {
        ...blank,
        forecast: "nobody",
        elsewhere: { state: "waiting", by: "Eva Lund" },
        can: ["sync", "choose", "create_contact"],
    },
    skipped: { ...blank, state: "skipped", reason: "synced before", can: ["anyway"] },
    colleagues: {
        ...blank,
        state: "skipped",
        reason: "only colleagues",
        sender: null,
        can: ["choose"],
    },
    mirrored: {
        ...blank,
        ...end,
        state: "mirrored",
        targets: [filed],
        way: "webcrm",
        sender: null,
    },
    draft: { ...blank, state: "draft", sender: null },
};

const sentence = "In the server's own words.";
const facts = {
    place: null,
    organisations: [],
    reason: null,
    detail: null,
    by: null,
    isByRule: false,
    isShared: false,
};

export const story = {
    lines: [
        {
            at: "2026-11-23T09:40:57Z",
            kind: "found",
            sentence,
            facts: { ...facts, place: "inbox" },
        },
        {
            at: "2026-11-23T09:40:58Z",
            kind: "matched",
            sentence,
            facts: { ...facts, organisations: ["Harbour Logistics", "Mill & Sons"] },
        },
        { at: "2026-11-23T09:41:00Z", kind: "synced", sentence, facts },
    ],
    tookSeconds: 2.4,
};

export const connection = {
    state: "connected",
    mailbox: "me@company.example",
    push: true,
    onTheWay: 1,
    waiting: 2,
    parked: 0,
    troubles: [],
};

export const organisations = [
    { id: 7, name: "Harbour Logistics" },
    { id: 9, name: "Harbour Holding" },
    { id: 12, name: "Harbourside Hotel and Conference Centre Ltd" },
];
