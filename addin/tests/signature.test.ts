import { describe, expect, test } from "vitest";

import { findSignature, nameFromDomain, type Sender, workDomain } from "../src/signature.ts";

const MADS: Sender = { name: "Mads Kjær", address: "mk@kjaer-tegl.example" };

function found(text: string, sender = MADS) {
  const entries = Object.entries(findSignature(text, sender));
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

describe("a signature", () => {
  test.each([
    [
      "Danish",
      "Hej Kim\n\nKan du sende et tilbud?\n\nMed venlig hilsen\n\nMads Kjær\nIndkøbschef\n" +
        "Kjær Tegl A/S\nHavnegade 12, 5000 Odense\nTlf. +45 66 12 34 56\nwww.kjaer-tegl.example\n" +
        "CVR 12 34 56 78",
      MADS,
      {
        name: "Mads Kjær",
        title: "Indkøbschef",
        organisation: "Kjær Tegl A/S",
        phone: "+45 66 12 34 56",
        www: "www.kjaer-tegl.example",
      },
    ],
    [
      "German",
      "Guten Tag,\n\nanbei die Liste.\n\nMit freundlichen Grüßen\nAnna Vogel\nLeiterin Einkauf\n\n" +
        "Vogel Maschinenbau GmbH\nUSt-IdNr. DE 123456789\nTelefon: 040 / 123 45 67\n" +
        "https://vogel.example/kontakt",
      { name: "Anna Vogel", address: "a.vogel@vogel.example" },
      {
        name: "Anna Vogel",
        title: "Leiterin Einkauf",
        organisation: "Vogel Maschinenbau GmbH",
        phone: "040 / 123 45 67",
        www: "vogel.example",
      },
    ],
    [
      "in one line",
      "Thanks!\n--\nEllen Ward | Head of Buying | Ward & Sons Ltd\nM: +44 7700 900123",
      { name: "Ellen Ward", address: "ellen@ward.example" },
      {
        name: "Ellen Ward",
        title: "Head of Buying",
        organisation: "Ward & Sons Ltd",
        phone: "+44 7700 900123",
      },
    ],
    [
      "with a comma",
      "Terveisin\nAino Mäki, ostopäällikkö\nMäki Oy\npuh. 040 123 4567",
      { name: "Aino Mäki", address: "aino@maki.example" },
      {
        name: "Aino Mäki",
        title: "ostopäällikkö",
        organisation: "Mäki Oy",
        phone: "040 123 4567",
      },
    ],
    [
      "of a name in the other order",
      "Groeten,\nPieter de Vries\nInkoper\n06 1234 5678",
      { name: "Vries, Pieter de", address: "pieter@vries.example" },
      { name: "Pieter de Vries", title: "Inkoper", phone: "06 1234 5678" },
    ],
    [
      "whose website has the sender's name",
      "Best regards\nOtto Bro\nBuyer\nTeak ApS\nwww.otto-bro.example",
      { name: "Otto Bro", address: "ob@otto-bro.example" },
      { name: "Otto Bro", title: "Buyer", organisation: "Teak ApS", www: "www.otto-bro.example" },
    ],
  ])("%s", (_, text, sender, details) => {
    expect(found(text, sender)).toMatchObject(details);
  });

  test.each([
    ["> Mads Kjær\n> Chef\n> Tlf. +45 11 11 11 11"],
    ["-----Original Message-----\nMads Kjær\nTlf. +45 11 11 11 11"],
    ["Fra: Mads Kjær <mk@kjaer-tegl.example>\nSendt: mandag\n\nMads Kjær\nTlf. +45 11 11 11 11"],
    ["Den 3. marts skrev Mads Kjær <mk@kjaer-tegl.example>:\nMads Kjær\nTlf. +45 11 11 11 11"],
    ["On Mon, 3 Mar 2026 at 10:00, Mads wrote:\nMads Kjær\nTlf. +45 11 11 11 11"],
    ["________________________________\nMads Kjær\nTlf. +45 11 11 11 11"],
  ])("is never read from a quoted mail: %j", (quoted) => {
    expect(found(`Hej\n\n${quoted}`)).toEqual({});
  });

  test.each([
    ["a date", "Mads Kjær\nLevering 2026-03-12"],
    ["a short number", "Mads Kjær\nOrdre 12345"],
    ["an order number", "Mads Kjær\nVedr. ordre 4711 889 221 i dag"],
    ["a company number", "Mads Kjær\nCVR 12345678"],
    ["a fax", "Mads Kjær\nFax: +45 66 12 34 99"],
    ["an account", "Mads Kjær\nKonto 1234 0001234567"],
    ["a very long number", "Mads Kjær\nTlf. 1234567890123456789"],
  ])("gives no phone for %s", (_, text) => {
    expect(findSignature(text, MADS).phone).toBeNull();
  });

  test.each([
    ["Mads Kjær\nhttps://www.linkedin.com/in/mads", null],
    ["Mads Kjær\nmk@kjaer-tegl.example", null],
    ["Mads Kjær\nse filen pris.xlsx", null],
    ["Mads Kjær\nwww.facebook.com/tegl\nkjaer-tegl.example", "kjaer-tegl.example"],
    ["Mads Kjær\nWWW.Tegl-Kjaer.Example", "www.tegl-kjaer.example"],
  ])("names the host in %j: %j", (text, host) => {
    expect(findSignature(text, MADS).www).toBe(host);
  });

  test("of a mail without the sender's name gives no name and no title", () => {
    expect(found("Hej Kim\nVi ses i morgen\nMads")).toEqual({});
    expect(found("")).toEqual({});
  });

  test.each([
    ["one line", "a".repeat(2_000_000)],
    ["many lines", "Mads Kjær\n".repeat(300_000)],
    ["digits", `Tlf. ${"1 ".repeat(500_000)}`],
    ["dots", "a.".repeat(500_000)],
    ["nearly a host", `www.${"a-".repeat(100_000)}`],
    ["quotes", "den ".repeat(200_000)],
  ])("is found in no time in %s", (_, text) => {
    const startedAt = performance.now();
    findSignature(text, MADS);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

test.each([
  ["mk@kjaer-tegl.example", "kjaer-tegl.example"],
  ["kim@gmail.com", null],
  ["kim@hotmail.dk", null],
  ["kim@web.de", null],
  ["", null],
])("the work domain of %j is %j", (address, domain) => {
  expect(workDomain(address)).toBe(domain);
});

test.each([
  ["harbour-logistics.dk", "Harbour Logistics"],
  ["mail.havnebyg.dk", "Havnebyg"],
  ["ward.co.uk", "Ward"],
  ["example", ""],
])("the name that %j suggests is %j", (domain, name) => {
  expect(nameFromDomain(domain)).toBe(name);
});
