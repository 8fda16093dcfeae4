// A stub of office.js and of the sign-in broker, for one page. Like the real Outlook it has no
// history and no alert, and its item may be null.
(() => {
    const handlers = {};
    const options = JSON.parse(sessionStorage.getItem("stage") ?? "{}");
    const outlook = {
        item: null,
        sets: { Mailbox: "1.16", NestedAppAuth: "1.1" },
        notes: [],
        actions: {},
        signedOut: false,
        ...options,
    };
    const fire = (type) => (handlers[type] ?? []).forEach((handler) => handler({ type }));
    const isAtLeast = (have, want) => {
        const [a, b] = [have, want].map((version) => version.split(".").map(Number));
        return a[0] - b[0] || a[1] - b[1];
    };

    const withOfficeMembers = (item) =>
        item && {
            itemType: "message",
            ...item,
            dateTimeCreated: item.at ? new Date(item.at) : undefined,
            notificationMessages: {
                replaceAsync: (_, note) => outlook.notes.push(note.message),
                removeAsync: () => undefined,
            },
            body: {
                getAsync: (_, done) => done({ status: "succeeded", value: item.text ?? "" }),
            },
        };

    globalThis.outlook = {
        notes: outlook.notes,
        select(item) {
            outlook.item = item;
            fire("olkItemSelectedChanged");
        },
        /** Selects another mail without an event, as Outlook does within threads. */
        selectSilently(item) {
            outlook.item = item;
        },
        setTheme(theme) {
            outlook.theme = theme;
            fire("officeThemeChanged");
        },
        signOut: (isOut) => (outlook.signedOut = isOut),
        run: (name) => new Promise((completed) => outlook.actions[name]({ completed })),
    };

    globalThis.Office = {
        AsyncResultStatus: { Succeeded: "succeeded" },
        CoercionType: { Text: "text" },
        HostType: { Outlook: "Outlook" },
        PlatformType: { iOS: "iOS", Android: "Android" },
        EventType: {
            ItemChanged: "olkItemSelectedChanged",
            OfficeThemeChanged: "officeThemeChanged",
        },
        MailboxEnums: {
            ItemType: { Message: "message", Appointment: "appointment" },
            ItemNotificationMessageType: { InformationalMessage: "informationalMessage" },
        },
        onReady: async () => ({
            host: outlook.outside ? null : "Outlook",
            platform: "OfficeOnline",
        }),
        actions: { associate: (name, run) => (outlook.actions[name] = run) },
        context: {
            displayLanguage: outlook.language ?? "en-GB",
            platform: outlook.platform ?? "OfficeOnline",
            get officeTheme() {
                return outlook.theme;
            },
            requirements: {
                isSetSupported: (name, version = "1.1") =>
                    name in outlook.sets && isAtLeast(outlook.sets[name], version) >= 0,
            },
            mailbox: {
                userProfile: { emailAddress: "me@company.example" },
                get item() {
                    return withOfficeMembers(outlook.item);
                },
                addHandlerAsync: (type, handler) => (handlers[type] ??= []).push(handler),
            },
        },
    };
    history.pushState = history.replaceState = null;
    globalThis.alert = globalThis.confirm = () => {
        throw new Error("not supported");
    };

    // The bridge of nested app authentication, as @azure/msal-browser 5 uses it.
    const listeners = new Set();
    const encode = (part) => btoa(JSON.stringify(part)).replace(/=+$/, "");
    const account = {
        homeAccountId: "home.tenant",
        environment: "login.example",
        tenantId: "tenant",
        username: "me@company.example",
        localAccountId: "home",
        name: "Me",
    };
    const answers = {
        GetInitContext: () => ({
            initContext: {
                sdkName: "stage",
                sdkVersion: "1",
                capabilities: { queryAccount: true },
                accountContext: account,
            },
        }),
        GetToken: ({ tokenParams }) => (outlook.signedOut ? refused() : token(tokenParams)),
        GetTokenPopup: ({ tokenParams }) => {
            outlook.signedOut = false;
            return token(tokenParams);
        },
    };
    const refused = () => ({
        success: false,
        error: {
            status: "USER_INTERACTION_REQUIRED",
            code: "interaction_required",
            description: "",
        },
    });
    const token = ({ scope }) => {
        const claims = { aud: "app", iss: "stage", exp: 4e9, oid: "home", tid: "tenant" };
        const id = `${encode({ alg: "none" })}.${encode(claims)}.x`;
        const kept = {
            access_token: "stage",
            expires_in: 3600,
            id_token: id,
            scope,
            properties: null,
        };
        return { token: kept, account: { ...account, idToken: id } };
    };
    globalThis.nestedAppAuthBridge = {
        addEventListener: (_, listener) => listeners.add(listener),
        removeEventListener: (_, listener) => listeners.delete(listener),
        postMessage(text) {
            const request = JSON.parse(text);
            const { requestId, method } = request;
            const reply = { messageType: "NestedAppAuthResponse", requestId, success: true };
            const answer = JSON.stringify({ ...reply, ...answers[method](request) });
            setTimeout(() => listeners.forEach((listener) => listener(answer)));
        },
    };
})();
