// deflate.mjs <input >output: raw deflate in as few bytes as there is time for, the same ones each time. A program of its own,
// because the compressor is asynchronous and the build is not.

import { readFileSync } from "node:fs";
import zopfli from "@gfx/zopfli";

process.stdout.write(await zopfli.deflateAsync(readFileSync(0), { numiterations: 50 }));
