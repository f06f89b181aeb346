// Runs in the browser: joins the room with a function that the server calls whenever someone says something.
import { newWebSocketRpcSession } from "@proj/capnweb-rpc";

const element = (id) => document.querySelector(`#${id}`);
const show = (text) => element("log").append(`${text}\n`);
const onSubmit = (id, run) => {
  element(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run().catch((error) => show(error.message));
  });
};

const room = newWebSocketRpcSession(`ws://${location.host}/room`);
room.onRpcBroken((error) => show(`the room is gone: ${error.message}`));

onSubmit("door", async () => {
  const membership = await room.join(element("name").value, show);
  const others = await membership.others();
  show(`here: ${others.length === 0 ? "nobody else" : others.join(", ")}`);
  element("door").hidden = true;
  element("talk").hidden = false;
  onSubmit("talk", async () => {
    const text = element("text").value;
    element("text").value = "";
    await membership.say(text);
  });
});
