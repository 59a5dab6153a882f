import { offerKeeping } from "./preferences.js";
import { byId } from "./element.js";

offerKeeping();
byId("without-script")?.remove();
