import type { Connection, MailState, Organisation, Story } from "../../src/api_models.ts";

export const states: Record<string, MailState>;
export const story: Story;
export const connection: Connection;
export const organisations: Organisation[];
