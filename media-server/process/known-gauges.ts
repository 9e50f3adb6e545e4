import { Gauge, type Registry } from 'prom-client';

/** Makes gauges that are read when they are asked for. What is not known then is left out, not shown as zero. */
export function knownGauges(
  register: Registry,
): (name: string, help: string, read: () => number | null | undefined) => void {
  return (name, help, read) => {
    new Gauge({
      name,
      help,
      registers: [register],
      collect() {
        const value = read();
        if (value === null || value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
}
