import mock = require("openai-images-mock");
import { join, type ErrorName } from "openai-images-mock";
const name: ErrorName = "internal";
mock.join("http://127.0.0.1:1").sandbox().next.error(name);
join().stop().then(() => undefined);
