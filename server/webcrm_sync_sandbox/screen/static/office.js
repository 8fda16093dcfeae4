// A stub of office.js for a frame inside the page that simulates Outlook.
// It has the restrictions of the real one: no history, no alert, an item that may be null, and no
// call that needs more than the manifest's permission, ReadWriteItem.
// Names and values: Office JavaScript API reference, Mailbox requirement sets.
(() => {
  const outlook = window.parent === window ? null : window.parent;
  const origin = new URL(document.currentScript.src).origin;
  const sets = { Mailbox: "1.15", NestedAppAuth: "1.1" };
  const handlers = {};
  const commands = {};
  const brokerListeners = new Set();
  let context = null;
  let item = null;
  let resolveContext;
  const textCallbacks = new Map();
  const contextKnown = new Promise((resolve) => (resolveContext = resolve));

  const send = (message) => outlook.postMessage({ office: message.type, ...message }, origin);
  const fire = (type) => (handlers[type] ?? []).forEach((handler) => handler({ type }));
  const succeeded = (callback, value) =>
    setTimeout(() => callback?.({ status: "succeeded", value }));
  const failed = (callback) => setTimeout(() => callback?.({ status: "failed" }));
  const address = (person) =>
    person && { displayName: person.name || person.address, emailAddress: person.address };

  function isAtLeast(have, want) {
    const [a, b] = [have, want].map((version) => version.split(".").map(Number));
    return a[0] - b[0] || a[1] - b[1];
  }

  function notificationMessages(mail) {
    const put = (key, note, callback) => {
      if (note.message.length > 150) {
        throw new Error("ArgumentOutOfRange: message");
      }
      if (note.type === "informationalMessage" && !note.icon) {
        throw new Error("icon is required");
      }
      send({ type: "note", mail, key, text: note.message });
      succeeded(callback);
    };
    const remove = (key, callback) => {
      send({ type: "note", mail, key, text: null });
      succeeded(callback);
    };
    return { addAsync: put, replaceAsync: put, removeAsync: remove };
  }

  /** The item in compose mode: its fields are read asynchronously, and it has no id. */
  function composeItem(mail) {
    const field = (value) => ({ getAsync: (callback) => succeeded(callback, value) });
    return {
      itemType: "message",
      subject: field(mail.subject),
      to: field(mail.to.map(address)),
    };
  }

  function readItem(mail) {
    return {
      itemType: "message",
      itemClass: mail.kind === "meeting" ? "IPM.Schedule.Meeting.Request" : "IPM.Note",
      itemId: mail.itemId,
      internetMessageId: mail.messageId,
      subject: mail.subject,
      normalizedSubject: mail.subject,
      from: address(mail.from),
      sender: address(mail.from),
      to: mail.to.map(address),
      cc: mail.cc.map(address),
      dateTimeCreated: new Date(mail.at),
      attachments: mail.files.map(({ number, name, size }) => ({
        id: `${number}`,
        name,
        size,
        attachmentType: "file",
        isInline: false,
      })),
      body: {
        getAsync(type, callback) {
          const call = crypto.randomUUID();
          textCallbacks.set(call, callback);
          send({ type: "text", mail: mail.id, call });
        },
      },
      notificationMessages: notificationMessages(mail.id),
      getSharedPropertiesAsync: (callback) =>
        mail.isShared ? succeeded(callback, {}) : failed(callback),
    };
  }

  function updateContext(next) {
    const previous = context;
    context = next;
    if (previous?.mail?.itemId !== next.mail?.itemId || !previous) {
      item = next.mail && (next.mail.isDraft ? composeItem(next.mail) : readItem(next.mail));
    }
    resolveContext();
    if (previous && previous.mail?.itemId !== next.mail?.itemId) {
      fire("olkItemSelectedChanged");
    }
    if (previous && JSON.stringify(previous.theme) !== JSON.stringify(next.theme)) {
      fire("officeThemeChanged");
    }
  }

  function run(name) {
    const start = () => commands[name]({ completed: () => send({ type: "completed" }) });
    const wait = setInterval(() => {
      if (commands[name]) {
        clearInterval(wait);
        start();
      }
    }, 20);
  }

  addEventListener("message", ({ source, origin: from, data: message }) => {
    if (source !== outlook || from !== origin) {
      return;
    }
    if (message.office === "context") {
      updateContext(message.context);
    } else if (message.office === "run") {
      contextKnown.then(() => run(message.name));
    } else if (message.office === "text") {
      succeeded(textCallbacks.get(message.call), message.text);
      textCallbacks.delete(message.call);
    } else if (message.office === "broker") {
      brokerListeners.forEach((listener) => listener(message.text));
    }
  });

  const mailbox = {
    get item() {
      return item;
    },
    get userProfile() {
      const { person } = context;
      return { displayName: person.name, emailAddress: person.address, timeZone: "UTC" };
    },
    diagnostics: { hostName: "OutlookWebApp", hostVersion: "16.01" },
    addHandlerAsync(type, handler, callback) {
      (handlers[type] ??= []).push(handler);
      succeeded(callback);
    },
    convertToRestId: (id) => id.replaceAll("/", "-").replaceAll("+", "_"),
  };

  window.Office = {
    HostType: { Outlook: "Outlook" },
    PlatformType: { OfficeOnline: "OfficeOnline", iOS: "iOS", Android: "Android" },
    AsyncResultStatus: { Succeeded: "succeeded", Failed: "failed" },
    CoercionType: { Text: "text", Html: "html" },
    EventType: {
      ItemChanged: "olkItemSelectedChanged",
      OfficeThemeChanged: "officeThemeChanged",
    },
    MailboxEnums: {
      ItemType: { Message: "message", Appointment: "appointment" },
      RestVersion: { v2_0: "v2.0" },
      ItemNotificationMessageType: {
        InformationalMessage: "informationalMessage",
        ErrorMessage: "errorMessage",
        ProgressIndicator: "progressIndicator",
      },
    },
    async onReady(callback) {
      if (outlook) {
        await contextKnown;
      }
      const info = { host: outlook && "Outlook", platform: outlook && "OfficeOnline" };
      callback?.(info);
      return info;
    },
    actions: { associate: (name, command) => (commands[name] = command) },
    context: {
      platform: "OfficeOnline",
      mailbox: outlook ? mailbox : undefined,
      get displayLanguage() {
        return context?.language ?? navigator.language;
      },
      get officeTheme() {
        return context?.theme;
      },
      requirements: {
        isSetSupported: (name, version = "1.1") =>
          name in sets && isAtLeast(sets[name], version) >= 0,
      },
      ui: { openBrowserWindow: (url) => window.open(url, "_blank", "noopener") },
    },
  };

  if (outlook) {
    // The broker of nested app authentication, as @azure/msal-browser expects it.
    window.nestedAppAuthBridge = {
      addEventListener: (_, listener) => brokerListeners.add(listener),
      removeEventListener: (_, listener) => brokerListeners.delete(listener),
      postMessage: (text) => send({ type: "broker", text }),
    };
    send({ type: "hello" });
  }
  history.pushState = history.replaceState = null;
  window.alert = window.confirm = () => {
    throw new Error("not supported in Office");
  };
})();
