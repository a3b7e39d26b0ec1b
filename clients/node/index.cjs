"use strict";
const { ControlError } = require("./lib/line.cjs");
const { Request } = require("./lib/requests.cjs");
const { Sandbox } = require("./lib/sandbox.cjs");
const { Rule, Script } = require("./lib/script.cjs");
const { Server, join, ownSandbox, start, startOrJoin } = require("./lib/server.cjs");

module.exports = { ControlError, Request, Rule, Sandbox, Script, Server, join, ownSandbox, start, startOrJoin };
