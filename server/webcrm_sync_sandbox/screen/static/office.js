// A stub of office.js: Outlook is the page around this frame, and this script its voice in here.
// It keeps the real one's unpleasant sides: no history, no alert, an item that may be null.
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
  let isKnown;
  const known = new Promise((resolve) => (isKnown = resolve));

  const say = (message) => outlook.postMessage({ office: message.type, ...message }, origin);
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
      say({ type: "note", mail, key, text: note.message });
      succeeded(callback);
    };
    const remove = (key, callback) => {
      say({ type: "note", mail, key, text: null });
      succeeded(callback);
    };
    return { addAsync: put, replaceAsync: put, removeAsync: remove };
  }

  /** In compose the fields are objects to ask, and there is no id. */
  function composed(mail) {
    const asked = (value) => ({ getAsync: (callback) => succeeded(callback, value) });
    return {
      itemType: "message",
      subject: asked(mail.subject),
      to: asked(mail.to.map(address)),
    };
  }

  function read(mail) {
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
      notificationMessages: notificationMessages(mail.id),
      getSharedPropertiesAsync: (callback) =>
        mail.isShared ? succeeded(callback, {}) : failed(callback),
    };
  }

  function take(next) {
    const former = context;
    context = next;
    if (former?.mail?.itemId !== next.mail?.itemId || !former) {
      item = next.mail && (next.mail.isDraft ? composed(next.mail) : read(next.mail));
    }
    isKnown();
    if (former && former.mail?.itemId !== next.mail?.itemId) {
      fire("olkItemSelectedChanged");
    }
    if (former && JSON.stringify(former.theme) !== JSON.stringify(next.theme)) {
      fire("officeThemeChanged");
    }
  }

  function run(name) {
    const begin = () => commands[name]({ completed: () => say({ type: "completed" }) });
    const wait = setInterval(() => {
      if (commands[name]) {
        clearInterval(wait);
        begin();
      }
    }, 20);
  }

  addEventListener("message", ({ source, origin: from, data: message }) => {
    if (source !== outlook || from !== origin) {
      return;
    }
    if (message.office === "context") {
      take(message.context);
    } else if (message.office === "run") {
      known.then(() => run(message.name));
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
        await known;
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
    // The broker of nested app authentication, as @azure/msal-browser speaks to it.
    window.nestedAppAuthBridge = {
      addEventListener: (_, listener) => brokerListeners.add(listener),
      removeEventListener: (_, listener) => brokerListeners.delete(listener),
      postMessage: (text) => say({ type: "broker", text }),
    };
    say({ type: "hello" });
  }
  history.pushState = history.replaceState = null;
  window.alert = window.confirm = () => {
    throw new Error("not supported in Office");
  };
})();
