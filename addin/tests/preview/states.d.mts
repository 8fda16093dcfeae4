import type {
    Connection,
    CustomerAnswer,
    MailState,
    Organisation,
    Story,
    Suggestions,
} from "../../src/api_models.ts";

export const states: Record<string, MailState>;
export const story: Story;
export const connection: Connection;
export const organisations: Organisation[];
export const suggestions: Suggestions;
export const customer: CustomerAnswer;
