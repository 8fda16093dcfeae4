import { describe, expect, test } from "vitest";

import { areSamePlaces, editPlaces, type PlaceEdit } from "../src/wanted_places.ts";
import { place } from "./fixtures.ts";

const [ONE, TWO, THREE] = [place(1, "One"), place(2, "Two"), place(3, "Three")];

describe("an edit", () => {
  test.each<[string, PlaceEdit, number[]]>([
    ["adds a place", { kind: "add", place: THREE }, [1, 2, 3]],
    ["adds none twice", { kind: "add", place: ONE }, [1, 2]],
    ["takes one away", { kind: "remove", organisationId: 1 }, [2]],
    ["takes away none that is not there", { kind: "remove", organisationId: 9 }, [1, 2]],
    ["moves a place", { kind: "move", organisationId: 1, to: THREE }, [3, 2]],
    ["moves onto another place", { kind: "move", organisationId: 1, to: TWO }, [2]],
    ["chooses one only", { kind: "only", place: THREE }, [3]],
  ])("%s", (_, edit, ids) => {
    expect(editPlaces([ONE, TWO], edit).map((one) => one.organisationId)).toEqual(ids);
  });

  test("never takes the last place away", () => {
    expect(editPlaces([ONE], { kind: "remove", organisationId: 1 })).toEqual([ONE]);
  });

  test("sets and clears the Opportunity of one place", () => {
    const edit = { kind: "opportunity", organisationId: 1, opportunityId: 31 } as const;
    const set = editPlaces([ONE, TWO], edit);
    expect(set.map((one) => one.opportunityId)).toEqual([31, null]);
    expect(editPlaces(set, { ...edit, opportunityId: null })).toEqual([ONE, TWO]);
  });

  test("of random kind leaves each Organisation once, and at least one", () => {
    let places = [ONE];
    let seed = 7;
    const next = (below: number) => ((seed = (seed * 1103515245 + 12345) % 2 ** 31), seed % below);
    for (let step = 0; step < 2000; step++) {
      const [a, b] = [next(5), place(next(5), "x")];
      const edits: PlaceEdit[] = [
        { kind: "add", place: b },
        { kind: "remove", organisationId: a },
        { kind: "move", organisationId: a, to: b },
        { kind: "opportunity", organisationId: a, opportunityId: next(3) },
      ];
      places = editPlaces(places, edits[next(4)] ?? { kind: "only", place: b });
      const ids = places.map((one) => one.organisationId);
      expect([ids.length > 0, new Set(ids).size]).toEqual([true, ids.length]);
    }
  });
});

test("two lists are the same in any order, and differ by an Opportunity", () => {
  expect(areSamePlaces([ONE, TWO], [TWO, ONE])).toBe(true);
  expect(areSamePlaces([ONE], [ONE, TWO])).toBe(false);
  expect(areSamePlaces([ONE], [{ ...ONE, opportunityId: 3 }])).toBe(false);
});
