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
    why: "contact",
    who: "Purchasing",
    title: "Head of Purchasing",
    phone: "+45 66 12 34 56",
    opportunity: null,
    opportunities: [],
    offered: null,
};
const crane = {
    opportunityId: 31,
    number: "1042",
    name: "Crane for quay 2",
    value: 1200000,
    currency: "DKK",
    level: "Offer",
};
const service = {
    ...crane,
    opportunityId: 32,
    number: "1050",
    name: "Service agreement for all cranes of the northern harbour, three years",
    value: 84500.5,
    level: null,
};
const harbour_deals = { ...harbour, opportunities: [crane, service], offered: 31 };
const mill = {
    ...harbour,
    organisationId: 8,
    organisation: "Mill & Sons Paper Company of the North",
    link: null,
    person: "Reception",
    address: "reception@mill.example",
    why: "domain",
    who: "mill.example",
    title: null,
    phone: null,
};
const candidates = [
    { organisationId: 7, organisation: "Harbour Logistics", why: "contact", who: "Purchasing" },
    { organisationId: 9, organisation: "Harbour Holding", why: "domain", who: "harbour.example" },
];

const blank = {
    state: "new",
    reason: null,
    detail: null,
    phrase: null,
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
    along: { text: "whole", defaultText: "whole", files: null, canChange: true, wantedFiles: null },
    sensitivity: null,
};
const filed = { ...harbour, activityId: 4711 };
const entry = {
    organisationId: 7,
    organisation: "Harbour Logistics",
    link: "https://webcrm.example/organisation/7",
    isTold: true,
};
const taken_back = {
    forecast: "known",
    targets: [harbour],
    can: ["sync", "choose", "edit_places"],
};
const end = { steps: all, at: "2026-11-23T09:41:00Z", tookSeconds: 2.4 };

const before = ["sync", "choose", "edit_places"];
const stored = {
    text: "whole",
    defaultText: "whole",
    files: [
        { name: "offer.pdf", size: 48000, isTaken: true, leftOut: null, phrase: null },
        {
            name: "drawings.zip",
            size: 52000000,
            isTaken: false,
            leftOut: "52 MB, more than 25 MB",
            phrase: { key: "too_large", values: { size: "52", limit: "25" } },
        },
        { name: "", size: 12000, isTaken: false, leftOut: "not_chosen", phrase: null },
    ],
    canChange: true,
    wantedFiles: null,
};

export const states = {
    known: { ...blank, forecast: "known", targets: [harbour], can: before },
    known_two: { ...blank, forecast: "known", targets: [harbour, mill], can: before },
    known_deals: { ...blank, forecast: "known", targets: [harbour_deals, mill], can: before },
    private: {
        ...blank,
        forecast: "known",
        targets: [harbour],
        sensitivity: "private",
        can: before,
    },
    nobody: { ...blank, forecast: "nobody", can: [...before, "create_contact", "add_customer"] },
    several: { ...blank, forecast: "several", candidates, can: before },
    on_its_way: { ...blank, state: "on_its_way", steps: { ...steps, moved: true, read: true } },
    synced: {
        ...blank,
        ...end,
        state: "synced",
        targets: [filed],
        way: "button",
        by: "Sales",
        along: stored,
        can: ["change", "edit_places", "undo"],
        alwaysSync: true,
    },
    synced_two: {
        ...blank,
        ...end,
        state: "synced",
        targets: [filed, { ...mill, activityId: 4712 }],
        way: "rule",
        by: "Sales",
        can: ["change", "edit_places", "undo"],
    },
    synced_deal: {
        ...blank,
        ...end,
        state: "synced",
        targets: [{ ...filed, opportunities: [crane, service], opportunity: service }],
        withdrawn: [{ ...entry, organisationId: 8, organisation: mill.organisation }],
        way: "button",
        by: "Sales",
        along: { ...stored, text: "new", files: stored.files },
        can: ["change", "edit_places", "undo"],
    },
    waiting: {
        ...blank,
        state: "waiting",
        reason: "no contact",
        addresses: ["purchasing@harbour.example", "office@harbour.example"],
        can: ["create_contact", "choose", "add_customer", "edit_places"],
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
        can: ["choose", "edit_places"],
    },
    parked_private: {
        ...blank,
        state: "parked",
        reason: "private",
        sensitivity: "private",
        can: ["sync", "undo"],
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
        can: ["mark_too"],
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
        can: [...before, "create_contact", "add_customer"],
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

export const suggestions = {
    candidates: candidates.slice(1),
    recent: [
        { id: 8, name: mill.organisation },
        { id: 21, name: "Havnebyg A/S" },
    ],
};
export const customer = {
    similar: [{ id: 7, name: "Harbour Logistics" }],
    mail: null,
    organisationId: null,
    personId: null,
    isFirstKept: false,
};
export const organisations = [
    { id: 7, name: "Harbour Logistics" },
    { id: 9, name: "Harbour Holding" },
    { id: 12, name: "Harbourside Hotel and Conference Centre Ltd" },
];
