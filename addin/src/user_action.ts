/** What a person can do in the pane. */

import type { Along } from "./api_models.ts";
import type { Field } from "./forms.ts";
import type { SearchOption } from "./search.ts";
import type { Line } from "./state.ts";
import type { ButtonName } from "./view_model_buttons.ts";
import type { PlaceEdit } from "./wanted_places.ts";

export type UserAction =
  | { type: "click"; button: ButtonName }
  | { type: "close_notice" }
  | { type: "edit_place"; edit: PlaceEdit }
  /** Opens the form for one more place, or for another in place of `from`. */
  | { type: "open_places"; from: number | null }
  | { type: "choose_option"; option: SearchOption }
  | { type: "choose_active" }
  | { type: "choose_along"; along: Along }
  | { type: "type"; field: Field; text: string }
  | { type: "move_option"; by: number }
  | { type: "submit" }
  | { type: "create_anyway" }
  | { type: "cancel" }
  | { type: "switch"; isOn: boolean }
  | { type: "toggle_line"; line: Line; isOpen: boolean };

export type Handle = (action: UserAction) => void;
