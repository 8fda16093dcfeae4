import { afterEach, describe, expect, test, vi } from "vitest";

import { createPageChannel } from "../src/page_channel.ts";

afterEach(() => void vi.unstubAllGlobals());

test("a page receives the changes of another page, not its own", async () => {
  const [pane, command] = [createPageChannel(), createPageChannel()];
  const heard: string[] = [];
  pane.onChange(() => heard.push("pane"));
  command.onChange(() => heard.push("command"));
  command.announceChange();
  await vi.waitFor(() => expect(heard).toEqual(["pane"]));
});

describe("without a channel", () => {
  const stub = (setItem: (name: string, value: string) => void) => {
    const page = new EventTarget();
    vi.stubGlobal("BroadcastChannel", undefined);
    vi.stubGlobal("localStorage", { setItem });
    vi.stubGlobal("window", page);
    return page;
  };

  test("the storage carries each announcement, with a new value each time", () => {
    const kept: [string, string][] = [];
    const page = stub((name, value) => void kept.push([name, value]));
    const pane = createPageChannel();
    let announcements = 0;
    pane.onChange(() => (announcements += 1));
    pane.announceChange();
    pane.announceChange();
    expect(new Set(kept.map(([, value]) => value)).size).toBe(2);
    page.dispatchEvent(Object.assign(new Event("storage"), { key: kept[0]?.[0] }));
    page.dispatchEvent(Object.assign(new Event("storage"), { key: "another" }));
    expect(announcements).toBe(1);
  });

  test("a page without storage announces nothing, and does not fail", () => {
    stub(() => {
      throw new DOMException("denied", "SecurityError");
    });
    expect(() => createPageChannel().announceChange()).not.toThrow();
  });
});
