/** Finds a person's details in the signature of a mail. Pure, and bounded for any text. */

/** What a signature says; null = not found. `www`: a host, such as "www.harbour.example". */
export interface Signature {
  name: string | null;
  title: string | null;
  phone: string | null;
  www: string | null;
  organisation: string | null;
}

/** The sender as the mail's head names them. */
export interface Sender {
  name: string;
  address: string;
}

/** How much of the text is read, and how much of each line. */
const [MAX_TEXT, MAX_LINES, MAX_LINE] = [200_000, 60, 200];
const LONGEST_FIELD = 60;

/** Where the quoted mail begins, as the mail programs of these languages write it. */
const QUOTE = [
  /^>/,
  /^-{2,} ?(original|oprindelig|ursprüngliche|ursprungligt|opprinnelig|oorspronkelijk|alkuperäinen)/i,
  /^_{20,}$/,
  /^(from|fra|von|från|van|lähettäjä|de|da) ?: .*(@|<)/i,
  /^\*?(from|fra|von|från|van|lähettäjä)\*? ?:/i,
  /^(on|den|am|op|le|ti|ma|ke|to|pe|la|su)\b.{0,120}\b(wrote|skrev|schrieb|schreef|kirjoitti)\b.{0,80}:$/i,
];
/** Organisations carry one of these at the end of a name. */
const LEGAL_FORM =
  /(^|\s)(a\/s|aps|i\/s|k\/s|p\/s|ivs|amba|ab|hb|as|asa|ans|gmbh|ag|kg|ohg|ug|e\.? ?k\.?|se|b\.? ?v\.?|n\.? ?v\.?|v\.? ?o\.? ?f\.?|oy|oyj|ky|ltd\.?|limited|llc|plc|inc\.?|s\.?a\.?|s\.?r\.?l\.?)$/i;
const PHONE = /\+?\(?\d[\d ().\-/\u00a0]{5,24}\d/g;
const PHONE_LABEL =
  /\b(tel|telefon|telefoon|tlf|phone|mobil|mobile|mobiel|mob|cell|direct|direkt|direkte|puh|puhelin|gsm|m|t|d|p)\s?[.:)]*\s*\+?\(?\d/i;
/** Lines with numbers that nobody answers. */
const NO_PHONE =
  /\b(fax|cvr|vat|moms|org\.? ?n|orgnr|ust|hrb|steuer|kvk|btw|y-tunnus|iban|bic|swift|konto|reg\.? ?n|ean|bank(giro)?|plusgiro|faktura|invoice|postnr)/i;
const DATE = /^(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})$/;
const HOST =
  /(^|[\s(<|,;:/])((www\.)?([a-z0-9æøåäöüß-]{1,63}\.){1,4}[a-z]{2,12})(?=$|[\s/)>|,;])/gi;
/** Sites of others that people link to from their signatures. */
const OTHERS =
  /(^|\.)(linkedin|facebook|fb|instagram|twitter|x|youtube|youtu|tiktok|vimeo|trustpilot|google|microsoft|office|outlook|aka|zoom|calendly|goo|bit|w3|apple|teams)\.[a-z.]+$/i;
/** Providers whose domain says nothing about where a person works. */
const FREE_MAIL =
  /^(gmail|googlemail|hotmail|outlook|live|msn|icloud|me|mac|yahoo|ymail|aol|gmx|web|t-online|freenet|posteo|protonmail|proton|pm|mail|ziggo|kpnmail|hetnet|telia|online|broadpark|jubii|stofanet|tdcadsl|ofir|luukku|kolumbus|elisanet|suomi24|spray|bredband|tele2|fastmail|zoho)\.[a-z.]+$/i;

/** What the sender's own text says about them; never from a quoted mail. */
export function findSignature(text: string, sender: Sender): Signature {
  const lines = ownLines(text).slice(-MAX_LINES);
  const at = lines.findLastIndex((line) => isNameLine(line, sender.name));
  const below = at < 0 ? lines.slice(-15) : lines.slice(at);
  return {
    name: at < 0 ? null : nameIn(lines[at] ?? "", sender.name),
    title: at < 0 ? null : titleBelow(below, sender.name),
    phone: firstOf(below, phoneIn),
    www: hostIn(below, domainOf(sender.address)),
    organisation: firstOf(below, organisationIn),
  };
}

/** The domain where a person works; null for a private address. */
export function workDomain(address: string): string | null {
  const domain = domainOf(address);
  return domain && !FREE_MAIL.test(domain) ? domain : null;
}

/** An Organisation's name as its domain suggests it: "harbour-logistics.dk" = "Harbour Logistics". */
export function nameFromDomain(domain: string): string {
  const labels = domain.split(".");
  const isDouble = /^(co|com|org|net|ac)$/.test(labels.at(-2) ?? "") && labels.length > 2;
  const label = labels.at(isDouble ? -3 : -2) ?? "";
  return label
    .split(/[-_]+/)
    .filter(Boolean)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

/** The lines before the quoted mail, without empty ones. */
function ownLines(text: string): string[] {
  const lines = text
    .slice(0, MAX_TEXT)
    .split(/\r\n|\r|\n/)
    .map((line) =>
      line
        .slice(0, MAX_LINE)
        .replace(/[\s\u00a0]+/g, " ")
        .trim(),
    );
  const end = lines.findIndex((line) => QUOTE.some((mark) => mark.test(line)));
  return (end < 0 ? lines : lines.slice(0, end)).filter(Boolean);
}

/** True for the sender's name alone on its line, or with a title behind it; no address, no host. */
function isNameLine(line: string, name: string): boolean {
  const words = wordsOf(name);
  const own = wordsOf(piecesOf(line)[0] ?? "");
  const isShort = own.length <= words.length + 2 && line.length <= LONGEST_FIELD * 2;
  const isAddress = line.includes("@") || hostsIn(line).length > 0;
  const isNamed = [words[0], words.at(-1)].every((word) => word && own.includes(word));
  return isNamed && isShort && !isAddress;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean);
}

/** The pieces of "Kim Nordwind, Sales" and "Kim Nordwind | Sales | Harbour Ltd". */
function piecesOf(line: string): string[] {
  return line
    .split(/ ?[|,•·–] ?| - /)
    .map((piece) => piece.trim())
    .filter(Boolean);
}

function nameIn(line: string, name: string): string {
  const found = (piecesOf(line)[0] ?? "").replace(/^[-*\s]+|[-*\s]+$/g, "");
  return found.length <= LONGEST_FIELD ? found : name;
}

function titleBelow([line = "", next = ""]: string[], name: string): string | null {
  const [, beside = ""] = piecesOf(line);
  return [beside, next].find((one) => isTitle(one, name)) ?? null;
}

function isTitle(line: string, name: string): boolean {
  const isWords = /^\p{L}[\p{L} .,&/()'’+-]*$/u.test(line);
  const isOther = LEGAL_FORM.test(line) || hostIn([line], "") !== null || /[@:]/.test(line);
  return isWords && !isOther && line.length <= LONGEST_FIELD && !isNameLine(line, name);
}

function phoneIn(line: string): string | null {
  if (NO_PHONE.test(line)) {
    return null;
  }
  const isLabelled = PHONE_LABEL.test(line);
  const found = [...line.matchAll(PHONE)].map(([number]) => number.trim()).find(isPhone);
  return found && (isLabelled || found.startsWith("+") || found.length === line.length)
    ? found
    : null;
}

function isPhone(number: string): boolean {
  const digits = number.replace(/\D/g, "").length;
  return digits >= 7 && digits <= 15 && !DATE.test(number.replaceAll(" ", ""));
}

/** The first host that is the sender's domain, else the first that begins with "www.". */
function hostIn(lines: string[], domain: string): string | null {
  const own = lines.flatMap(hostsIn).filter((host) => !OTHERS.test(host));
  const isDomain = (host: string) => host.replace(/^www\./, "") === domain;
  return own.find(isDomain) ?? own.find((host) => host.startsWith("www.")) ?? null;
}

function hostsIn(line: string): string[] {
  return [...line.matchAll(HOST)].map(([, , host = ""]) => host.toLowerCase());
}

function organisationIn(line: string): string | null {
  return [line, ...piecesOf(line)].find(isOrganisation) ?? null;
}

function isOrganisation(name: string): boolean {
  const isPlain = wordsOf(name).length > 1 && piecesOf(name).length === 1 && !/[@:]/.test(name);
  return isPlain && LEGAL_FORM.test(name) && name.length <= LONGEST_FIELD;
}

function firstOf(lines: string[], find: (line: string) => string | null): string | null {
  for (const line of lines) {
    const found = find(line);
    if (found !== null) {
      return found;
    }
  }
  return null;
}
