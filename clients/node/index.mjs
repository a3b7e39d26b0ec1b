// One set of classes for both kinds of module: this only gives the names of the other one.
import mock from "./index.cjs";

export const { ControlError, Request, Rule, Sandbox, Script, Server, join, ownSandbox, start, startOrJoin } = mock;
