// The exporter's HTTP side. Whoever connects is a stranger: connections, headers and time are bounded.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { MetricsSource } from "./exporter-source.ts";

const TEXT = "text/plain; charset=utf-8";
/** Prometheus' text format. */
const METRICS = "text/plain; version=0.0.4; charset=utf-8";

/** More would be somebody else than a monitor; they are closed at once. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8192;
/** For all headers of a request, and for the whole request. */
const REQUEST_MS = 5000;
/** For a connection on which nothing moves. */
const IDLE_MS = 10_000;
/** For a whole answer to be taken. */
const ANSWER_MS = 30_000;

const INDEX = "Metrics of a Subnetra node are at /metrics; /healthz says whether its daemon answers.\n";

/** Makes the server; the caller listens. */
export function metricsServer(source: MetricsSource): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const timer = setTimeout(() => response.destroy(), ANSWER_MS);
      response.on("close", () => clearTimeout(timer));
      void answer(source, request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  return server;
}

async function answer(
  source: MetricsSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers, method } = request;
  // A body has no meaning here and is not waited for.
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined)
    response.setHeader("Connection", "close");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return send(response, 405, TEXT, "use GET\n");
  }
  const [path] = (request.url ?? "").split("?", 1);
  if (path === "/") return send(response, 200, TEXT, INDEX);
  if (path !== "/metrics" && path !== "/healthz") return send(response, 404, TEXT, INDEX);
  const { text, problem } = await source.get();
  if (path === "/metrics") return send(response, 200, METRICS, text);
  return problem === "" ? send(response, 200, TEXT, "ok\n") : send(response, 503, TEXT, `${problem}\n`);
}

/** node:http leaves the body out where the request was HEAD. */
function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(bytes);
}
