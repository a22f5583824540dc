// The replay: all lanes on one clock, which may stand still, run slower than life, or go back.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Race, raceLength, referenceLane, replaySpeed } from "../state/race.js";
import { Differences } from "./differences.js";
import { prefersStillness } from "./hooks.js";
import { Lanes } from "./lane.js";
import { Results } from "./results.js";
import { Scrubber } from "./scrubber.js";
import { seconds } from "./words.js";

/** The slider counts in thousandths of the race. */
const thousand = 1000;

export function Replay({ race }: { race: Race }) {
  const length = raceLength(race);
  const speed = replaySpeed(length);
  const [time, setTime] = useState(() => (prefersStillness() ? length : 0));
  const [playing, setPlaying] = useState(() => !prefersStillness());
  useClock(playing, speed, (passed) => {
    setTime((before) => {
      const next = Math.min(length, before + passed);
      if (next >= length) setPlaying(false);
      return next;
    });
  });
  const done = time >= length;
  return (
    <section aria-label="Replay">
      <Scrubber
        label="Time"
        value={length === 0 ? thousand : Math.floor((time / length) * thousand)}
        max={thousand}
        step={10}
        text={`${seconds(time)}${speed < 1 ? `, ${Math.round(1 / speed)} times slower than life` : ""}`}
        playing={playing}
        onChange={(value) => {
          setPlaying(false);
          setTime((value / thousand) * length);
        }}
        onPlay={() => {
          if (!playing && done) setTime(0);
          setPlaying(!playing);
        }}
      />
      <Lanes race={race} time={time} />
      {done && <Results race={race} />}
      {done && <Differences race={race} reference={referenceLane(race)} />}
    </section>
  );
}

/** Calls back at every frame while it runs, with the milliseconds of the race that passed. */
function useClock(running: boolean, speed: number, onPass: (milliseconds: number) => void): void {
  const latest = useRef(onPass);
  latest.current = onPass;
  useEffect(() => {
    if (!running) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function tick(now) {
      latest.current(Math.max(0, now - before) * speed);
      before = now;
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [running, speed]);
}
