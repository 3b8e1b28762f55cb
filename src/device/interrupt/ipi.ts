// Messages between interrupt controllers: who is meant by a destination, and delivery to them.
// Source: SDM 3A, "Determining IPI Destination", "Lowest Priority Delivery Mode"; "Message Signalled Interrupts".

import type { LapicTarget } from "./lapic.ts";
import { BROADCAST, DELIVERY, SHORTHAND } from "../../abi/apic.ts";

export interface InterruptMessage {
  /** APIC ID, or the set that a logical destination describes; `BROADCAST` is all. */
  destination: number;
  logical: boolean;
  /** One of `DELIVERY`. */
  mode: number;
  vector: number;
  /** Level-triggered: its EOI is told to the IOAPIC. */
  level: boolean;
}

/** Delivers to every LAPIC that the message means.
 * @returns whether any accepted it */
export function deliver(lapics: readonly LapicTarget[], message: InterruptMessage): boolean {
  const meant = lapics.filter((lapic) => lapic.isMeant(message.destination, message.logical));
  if (message.mode !== DELIVERY.lowestPriority) {
    let accepted = false;
    for (const lapic of meant) if (lapic.receive(message)) accepted = true;
    return accepted;
  }
  // among equals the vector decides, so that different interrupts go to different vCPUs
  let chosen: LapicTarget | undefined;
  for (let step = 0; step < meant.length; step++) {
    const lapic = meant[(message.vector + step) % meant.length];
    if (lapic.isEnabled() && (!chosen || lapic.processorPriority() < chosen.processorPriority())) chosen = lapic;
  }
  return chosen?.receive(message) ?? false;
}

/** Delivers what a LAPIC sends through its ICR. */
export function deliverIpi(lapics: readonly LapicTarget[], source: LapicTarget, shorthand: number, message: InterruptMessage): void {
  switch (shorthand) {
    case SHORTHAND.self: source.receive(message); break;
    case SHORTHAND.all: deliver(lapics, { ...message, destination: BROADCAST, logical: false }); break;
    case SHORTHAND.others: deliver(lapics.filter((lapic) => lapic !== source), { ...message, destination: BROADCAST, logical: false }); break;
    default: deliver(lapics, message);
  }
}

/** The message that a device's write of `data` to `address` in 0xfeeXXXXX means. */
export function decodeMsi(address: number, data: number): InterruptMessage {
  const destination = (address >>> 12) & 0xff;
  const logical = (address & 4) !== 0;
  return {
    destination: destination === 0xff && !logical ? BROADCAST : destination, logical,
    mode: (data >> 8) & 7, vector: data & 0xff, level: (data & 0x8000) !== 0,
  };
}
