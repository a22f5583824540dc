// The page's beginning: state that is kept, the first look at the server, and the first picture.

import { render } from "preact";
import { connect } from "./actions/connect.js";
import { startKeeping } from "./actions/stores.js";
import { App } from "./view/app.js";
import "./style/base.css";
import "./style/frame.css";
import "./style/chat.css";
import "./style/canvas.css";
import "./style/race.css";

startKeeping();
void connect();
render(<App />, document.getElementById("app") as HTMLElement);
