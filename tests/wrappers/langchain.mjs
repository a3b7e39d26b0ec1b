// DallEAPIWrapper sends response_format and style whatever the model: prints what it fails with.
import { DallEAPIWrapper } from "@langchain/openai";

const wrapper = new DallEAPIWrapper({ model: "gpt-image-2" });
await wrapper.invoke("a fox").catch(({ status, code, param }) => console.log(JSON.stringify({ status, code, param })));
