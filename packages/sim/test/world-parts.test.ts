import { describe, expect, test } from "vitest";
import { Disk } from "../src/disk.ts";
import { EventQueue } from "../src/event-queue.ts";
import { HostClock } from "../src/host-clock.ts";
import { type Answer, Hypervisor, measuredTimes } from "../src/hypervisor.ts";
import { Network } from "../src/network.ts";
import { Prng } from "../src/prng.ts";

function runAll(queue: EventQueue, forMs = 100_000): void {
  const untilMs = queue.nowMs + forMs;
  while (queue.runNext(untilMs));
}

describe("chance", () => {
  test("the same seed gives the same numbers and another seed gives others", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, () => 0).map(() => new Prng(seed).bits());
    const first = new Prng(7);
    const second = new Prng(7);
    expect([first.bits(), first.bits()]).toEqual([second.bits(), second.bits()]);
    expect(draw(1)).not.toEqual(draw(2));
    expect(Prng.stream(1, "disk").bits()).not.toBe(Prng.stream(1, "network").bits());
  });

  test("numbers are spread over the whole range", () => {
    const random = new Prng(3);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const at = random.below(10);
      buckets[at] = (buckets[at] ?? 0) + 1;
    }
    for (const count of buckets) expect(count).toBeGreaterThan(850);
  });
});

describe("clocks", () => {
  test("boot time counts sleep and monotonic time does not", () => {
    const clock = new HostClock(1, 0, 100);
    clock.freeze(1000);
    expect(clock.monotonicMs(1500)).toBe(1100);
    clock.thaw(3000, false);
    expect(clock.bootMs(4000)).toBe(4100);
    expect(clock.monotonicMs(4000)).toBe(2100);
  });

  test("a host that an outer hypervisor paused blindly has lost the time on both clocks", () => {
    const clock = new HostClock(1, 0, 0);
    clock.freeze(1000);
    clock.thaw(3000, true);
    expect(clock.bootMs(3000)).toBe(1000);
    expect(clock.monotonicMs(3000)).toBe(1000);
  });

  test("a rate changes without a jump, and true time can be found again", () => {
    const clock = new HostClock(1.001, 0, 50);
    clock.setRate(10_000, 0.999);
    expect(clock.bootMs(10_000)).toBeCloseTo(10_060, 6);
    expect(clock.trueMsAtBoot(clock.bootMs(12_345))).toBeCloseTo(12_345, 6);
  });
});

describe("the network", () => {
  function network(size: number): { queue: EventQueue; net: Network<string>; got: string[] } {
    const queue = new EventQueue();
    const got: string[] = [];
    const net = new Network<string>(queue, new Prng(1), size, ({ from, to, message }) =>
      got.push(`${from}>${to} ${message}`),
    );
    return { queue, net, got };
  }

  test("two partitions that overlap heal one after the other", () => {
    const { net } = network(3);
    net.partition([0], 1);
    net.partition([0, 1], 1);
    net.partition([0], -1);
    expect(net.reaches(0, 1)).toBe(true);
    expect(net.reaches(0, 2)).toBe(false);
    net.partition([0, 1], -1);
    expect(net.reaches(0, 2)).toBe(true);
  });

  test("what is under way when the cable is pulled does not arrive", () => {
    const { queue, net, got } = network(2);
    net.send(0, 1, "a");
    net.cut(0, 1, 1);
    runAll(queue);
    expect(got).toEqual([]);
  });

  test("a doubled message arrives twice and a lost one never", () => {
    const { queue, net, got } = network(2);
    net.weather = { ...net.weather, duplicate: 1 };
    net.send(0, 1, "twice");
    net.weather = { ...net.weather, duplicate: 0, loss: 1 };
    net.send(0, 1, "never");
    runAll(queue);
    expect(got).toEqual(["0>1 twice", "0>1 twice"]);
  });
});

describe("a disk", () => {
  test("tells of a write when it is durable, in the order of the writes", () => {
    const queue = new EventQueue();
    const disk = new Disk(queue, new Prng(5), { written: () => {} });
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) disk.write([{ key: "k", value: name }], () => order.push(name));
    runAll(queue);
    expect(order).toEqual(["a", "b", "c"]);
    expect(disk.records.get("k")).toBe("c");
  });

  test("keeps what it called synced through a power loss, unless it lies", () => {
    const queue = new EventQueue();
    const disk = new Disk(queue, new Prng(5), { written: () => {} });
    disk.write([{ key: "k", value: 1 }], () => {});
    runAll(queue);
    disk.powerLoss();
    expect(disk.records.get("k")).toBe(1);
    disk.lying = true;
    disk.write([{ key: "k", value: 2 }], () => {});
    runAll(queue, 1000);
    expect(disk.records.get("k")).toBe(2);
    disk.powerLoss();
    expect(disk.records.get("k")).toBe(1);
  });
});

describe("a hypervisor", () => {
  function hypervisor(): { queue: EventQueue; host: Hypervisor; running: () => number } {
    const queue = new EventQueue();
    let executing = 0;
    const host = new Hypervisor(queue, new Prng(2), measuredTimes, {
      executionChanged: (_, now) => {
        executing += now ? 1 : -1;
      },
      ended: () => {},
    });
    return { queue, host, running: () => executing };
  }
  const ignore = (): void => {};

  test("starts guests paused, and they execute from resume to suspend", () => {
    const { queue, host, running } = hypervisor();
    host.call("start", "web1", false, ignore);
    runAll(queue);
    expect(running()).toBe(0);
    host.call("resume", "web1", false, ignore);
    runAll(queue);
    expect(running()).toBe(1);
    host.call("suspend", "web1", false, ignore);
    runAll(queue);
    expect(running()).toBe(0);
  });

  test("a suspend waits behind a resume that hangs, and a kill does not", () => {
    const { queue, host, running } = hypervisor();
    const process = host.plant("web1", 0);
    host.call("suspend", "web1", false, ignore);
    runAll(queue);
    host.hang("resume");
    host.call("resume", "web1", false, ignore);
    let answer: Answer | undefined;
    host.call("suspend", "web1", false, (got) => {
      answer = got;
    });
    runAll(queue, 60_000);
    expect(answer).toBeUndefined();
    host.kill(process);
    runAll(queue, 1_000);
    expect(host.processes.size).toBe(0);
    expect(running()).toBe(0);
  });

  test("guests live on while libvirtd restarts, and its calls fail", () => {
    const { queue, host, running } = hypervisor();
    host.plant("web1", 0);
    host.stopLibvirtd();
    let answer: Answer | undefined;
    host.call("suspend", "web1", false, (got) => {
      answer = got;
    });
    runAll(queue);
    expect(answer).toBe("failed");
    expect(running()).toBe(1);
  });

  test("power loss ends everything without an answer", () => {
    const { queue, host, running } = hypervisor();
    host.plant("web1", 0);
    let answered = false;
    host.call("destroy", "web1", false, () => {
      answered = true;
    });
    host.powerOff();
    runAll(queue);
    expect(answered).toBe(false);
    expect(running()).toBe(0);
  });

  test("an unkillable process survives a kill and a destroy, and falls with the host's power", () => {
    const { queue, host, running } = hypervisor();
    const process = host.plant("web1", 0);
    process.unkillable = true;
    host.kill(process);
    host.call("destroy", "web1", false, ignore);
    runAll(queue);
    expect(running()).toBe(1);
    host.powerOff();
    expect(running()).toBe(0);
  });
});
