// npm run demo

import { runApp } from "./run-app.mjs";

runApp("demo");
