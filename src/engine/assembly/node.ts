// Who this node is on the wire.

export let localId: u32 = 0;
export let obfuscating: bool = true;

export function setIdentity(id: u32, obfuscate: bool): void {
  localId = id;
  obfuscating = obfuscate;
}
