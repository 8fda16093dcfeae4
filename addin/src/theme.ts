/** Outlook's colours, used only where all text on them stays readable. */

import type { Theme } from "./host.ts";

export interface Appearance {
  scheme: "light" | "dark";
  /** Outlook's own background; null = the scheme's. */
  background: string | null;
}

/** The text colour of each scheme with the lowest contrast, as pane.css has it. */
export const FAINTEST = { light: "#0f6cbd", dark: "#f1707b" };
/** The contrast that text needs. Source: WCAG 2.2, 1.4.3. */
const READABLE = 4.5;

/** The pane's appearance inside this Outlook; null if Outlook names no usable background. */
export function appearanceFor(theme: Theme | null): Appearance | null {
  if (!theme || !/^#[0-9a-f]{6}$/i.test(theme.background)) {
    return null;
  }
  const { background } = theme;
  // Office names no scheme in Outlook, so the luminance decides.
  const scheme = luminance(background) < 0.18 ? "dark" : "light";
  const isReadable = contrast(background, FAINTEST[scheme]) >= READABLE;
  return { scheme, background: isReadable ? background : null };
}

/** The contrast ratio of two colours, 1 (none) to 21. Source: WCAG 2.2, "contrast ratio". */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** Source: WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
