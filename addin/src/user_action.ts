/** What a person can do in the pane. */

import type { Organisation } from "./api_models.ts";
import type { Field } from "./state.ts";
import type { ButtonName } from "./view_model_buttons.ts";

export type UserAction =
  | { type: "click"; button: ButtonName }
  | { type: "close_notice" }
  | { type: "mark_candidate"; organisation: Organisation }
  | { type: "mark_replaced"; organisationId: number }
  | { type: "choose"; organisation: Organisation }
  | { type: "choose_active" }
  | { type: "type"; field: Field; text: string }
  | { type: "move_option"; by: number }
  | { type: "submit" }
  | { type: "cancel" }
  | { type: "switch"; isOn: boolean }
  | { type: "toggle_story"; isOpen: boolean };

export type Handle = (action: UserAction) => void;
