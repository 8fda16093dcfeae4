/** How a person is shown beside their name: initials on a colour. Pure. */

/** How many colours there are; the styles name each by its number. */
const HUES = 6;

/** The first letters of the first and the last word, such as "KN"; of an address, one letter. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /^\p{L}/u.test(word));
  const [first = name.trim(), ...others] = name.includes("@") ? words.slice(0, 1) : words;
  return [first, ...others.slice(-1)]
    .map((word) => Array.from(word)[0] ?? "")
    .join("")
    .toUpperCase();
}

/** The number of the colour: the same for the same name, 0 to HUES - 1. */
export function hueOf(name: string): number {
  return Array.from(name).reduce((sum, char) => sum + (char.codePointAt(0) ?? 0), 0) % HUES;
}
