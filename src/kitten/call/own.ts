// System calls that Linux does not have, by numbers that it does not use. Programs make them with syscall(2); on Linux they answer ENOSYS.

export const OWN = { yield_to: 500, xemem_make: 501, xemem_attach: 502, xemem_detach: 503, xemem_remove: 504 } as const;
export type OwnName = keyof typeof OWN;
