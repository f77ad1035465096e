import { KernelMesh } from "./kernel-mesh.ts";
export class MemoryMesh extends KernelMesh { constructor(_: string) { super(); } }
