let isBegun = false;

/** From now on every answer ends its connection, so that callers come back to another replica (requirement O1). */
export function beginDrain(): void {
  isBegun = true;
}

export function isDraining(): boolean {
  return isBegun;
}
