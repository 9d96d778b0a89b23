/*
 * One guest, two hosts, three voters: lease, claim, fence, restart, reboot, release (docs/protocol.md).
 *
 * Time is counted in ticks, and everything else happens in no time, in any order. A message that is late is one that is handled
 * late: answers to RENEW come at any moment at which they are worth anything, an ACCEPT of a try that was given up sits in
 * `ghost`. Losing a message is never handling it. What must not happen: two hosts execute the guest; or a host resumes a
 * suspended copy although another one has executed the guest since.
 *
 *     ./check.sh            the protocol holds within bounds, eight weakenings break it
 *
 * What makes the search small enough to be whole, and why nothing is lost by it:
 * - Voters are sorted after each step (`canon`): they differ in nothing but what they remember.
 * - A voter that restarts treats everybody as if it had just renewed: that is what a quarantine of D_A does.
 * - A FENCE may come at any moment after the other host's first try, and a claimant sees at once what a majority has fenced.
 *   In the program it learns of it later: the model allows more.
 * - The execution that a lease covers ends within the tick after the lease's end: K is one tick, and D_A = T_fence + K.
 * - A ballot is above everything promised so far; a lower one is one that was begun earlier and is slow.
 * - Leases of a host that nobody can take anything from are not counted.
 * - The voters' refusal to accept for a fenced owner is left out: the argument does not need it.
 *
 * Weakenings: ACKTIME (lease from the answer), NOQUAR, NOFENCE, VOLATILE (registers), TOLDFIRST (release told, then
 * forgotten), EARLYINC (a new incarnation beside the old copy, which it takes for its own), SHORT (D_A = T_fence), ONEACK
 * (a lease from one voter).
 */
#ifndef TF
#define TF 2 /* T_fence: the holder's lease, from the sending */
#endif
#ifdef SHORT
#define DA TF
#else
#define DA (TF + 1) /* D_A */
#endif
#ifndef TRIES0
#define TRIES0 1 /* claims, or releases where there are any, of host 0 */
#endif
#ifndef TRIES1
#define TRIES1 1 /* claims of host 1 */
#endif
#ifndef MAXINC
#define MAXINC 2 /* incarnations of each host */
#endif
#ifndef CRASHES
#define CRASHES 0 /* agent restarts, voter restarts and reboots together */
#endif
#ifndef RELEASES
#define RELEASES 0
#endif

typedef Voter {
  byte lease[2];  /* ticks until this voter lets the host be fenced */
  byte linc[2];   /* newest incarnation known */
  byte fenced[2];
  byte promised;
  byte ballot;  /* accepted */
  byte value;   /* 4 * host + inc, 0 nobody */
  byte got[2]   /* has promised to (phase 1) or accepted from (phase 2) the try of that host */
};
typedef Host {
  byte inc;
  byte valid; /* ticks of lease left */
  byte asked; /* what the answer to the RENEW under way would be worth in ticks, 0 none */
  byte copy;  /* 0 off, 1 paused, 2 running */
  byte stale; /* somebody else ran the guest since this copy was paused */
  byte owned; /* durable: incarnation of the claim, 0 none */
  byte phase; /* 0 none, 1 prepare, 2 accept */
  byte kind;  /* 0 claim, 1 release */
  byte bal;
  byte best;
  byte value; /* of best while preparing, to be written while accepting */
  byte ghost; /* ballot of an ACCEPT left on the wire, and its value */
  byte gvalue;
  byte count
};
Voter V[3];
Host H[2];
byte crashes, releases;

#define valueOf(x) (4 * (x) + H[x].inc)
#define two(a, b, c) (((a) && (b)) || ((a) && (c)) || ((b) && (c)))
#define gotQuorum(x) two(V[0].got[x], V[1].got[x], V[2].got[x])
#define fencedAt(i, x, n) (V[i].fenced[x] >= (n))
#define fencedByMost(x, n) two(fencedAt(0, x, n), fencedAt(1, x, n), fencedAt(2, x, n))
#define grants(i, x) (V[i].fenced[x] < H[x].inc && (H[x].inc == V[i].linc[x] || V[i].linc[x] == 0 || V[i].lease[x] == 0))
#ifdef EARLYINC
#define mayReincarnate(x) true
#define keepsFoundCopy true
#else
#define mayReincarnate(x) (H[x].copy == 0)
#define keepsFoundCopy false
#endif
#define highest(a, b) ((a) > (b) -> (a) : (b))
#define above(b, x) (((b) / 2 + 1) * 2 + (x))
#define mayTry(x) claims(x)
/* Nobody can take anything from a host whose peer claims nothing: its leases at the voters need not be counted. */
#define claims(x) (x == 0 -> TRIES0 > 0 && RELEASES == 0 : TRIES1 > 0)
#define counted(x) claims(1 - (x))
#define triesMax(x) (x == 0 -> TRIES0 : TRIES1)
/* a ballot left on the wire that nobody can take any more */
#define taken(i, b) (V[i].promised > (b) || V[i].ballot >= (b))

inline canon() {
  if :: H[0].ghost && taken(0, H[0].ghost) && taken(1, H[0].ghost) && taken(2, H[0].ghost) -> H[0].ghost = 0; H[0].gvalue = 0 :: else fi;
  if :: H[1].ghost && taken(0, H[1].ghost) && taken(1, H[1].ghost) && taken(2, H[1].ghost) -> H[1].ghost = 0; H[1].gvalue = 0 :: else fi;
  c_code {
    struct Voter t;
    if (memcmp(&now.V[0], &now.V[1], sizeof t) < 0) { t = now.V[0]; now.V[0] = now.V[1]; now.V[1] = t; }
    if (memcmp(&now.V[1], &now.V[2], sizeof t) < 0) { t = now.V[1]; now.V[1] = now.V[2]; now.V[2] = t; }
    if (memcmp(&now.V[0], &now.V[1], sizeof t) < 0) { t = now.V[0]; now.V[0] = now.V[1]; now.V[1] = t; }
  }
}
inline forgetAnswers(x) { V[0].got[x] = 0; V[1].got[x] = 0; V[2].got[x] = 0 }
inline endTry(x) {
  H[x].phase = 0; H[x].kind = 0; H[x].bal = 0; H[x].best = 0; H[x].value = 0; forgetAnswers(x)
}
inline beginTry(x, k) {
  H[x].count++; H[x].phase = 1; H[x].kind = k; H[x].best = 0; H[x].value = 0; H[x].bal = above(highest(highest(V[0].promised, V[1].promised), V[2].promised), x)
}
inline toAccept(x, val) {
  H[x].phase = 2; H[x].best = 0; H[x].value = val; forgetAnswers(x)
}
inline leaveGhost(x) {
  if :: H[x].phase == 2 -> H[x].ghost = H[x].bal; H[x].gvalue = H[x].value :: else fi
}
inline grant(i, x) {
  if :: H[x].inc > V[i].linc[x] -> V[i].linc[x] = H[x].inc; V[i].fenced[x] = H[x].inc - 1 :: else fi;
  V[i].lease[x] = (counted(x) -> DA : 0)
}
inline execute(x) {
  assert(H[1 - x].copy != 2);
  H[x].copy = 2;
  if :: H[1 - x].copy == 1 -> H[1 - x].stale = 1 :: else fi
}

#define me (_pid - 1)
proctype Agent() {
  do
  /* RENEW reaches a majority at once, or all: late, or at fewer, it would hold voters longer or change nothing. */
  :: d_step { !H[me].asked && H[me].valid < TF && grants(0, me) && grants(1, me) -> grant(0, me); grant(1, me); H[me].asked = TF; canon() }
  :: d_step { !H[me].asked && H[me].valid < TF && grants(0, me) && grants(2, me) -> grant(0, me); grant(2, me); H[me].asked = TF; canon() }
  :: d_step { !H[me].asked && H[me].valid < TF && grants(1, me) && grants(2, me) -> grant(1, me); grant(2, me); H[me].asked = TF; canon() }
  :: d_step { !H[me].asked && H[me].valid < TF && grants(0, me) && grants(1, me) && grants(2, me) -> grant(0, me); grant(1, me); grant(2, me); H[me].asked = TF; canon() }
#ifdef ONEACK
  :: d_step { !H[me].asked && H[me].valid < TF && grants(0, me) -> grant(0, me); H[me].asked = TF; canon() }
  :: d_step { !H[me].asked && H[me].valid < TF && grants(1, me) -> grant(1, me); H[me].asked = TF; canon() }
  :: d_step { !H[me].asked && H[me].valid < TF && grants(2, me) -> grant(2, me); H[me].asked = TF; canon() }
#endif
  /* its answers are in, early or late, or never */
  :: d_step { H[me].asked ->
#ifdef ACKTIME
       H[me].valid = TF;
#else
       if :: H[me].asked > H[me].valid -> H[me].valid = H[me].asked :: else fi;
#endif
       H[me].asked = 0 }
  /* claim, release */
  :: d_step { H[me].phase == 0 && H[me].valid > 0 && H[me].owned == 0 && H[me].count < triesMax(me) && mayTry(me) -> beginTry(me, 0) }
  :: d_step { H[me].phase == 0 && H[me].owned == H[me].inc && releases < RELEASES && H[me].count < triesMax(me) ->
       releases++; H[me].copy = 0; H[me].stale = 0;
#ifndef TOLDFIRST
       H[me].owned = 0;
#endif
       beginTry(me, 1) }
#define promises(i) H[me].phase == 1 && !V[i].got[me] && H[me].bal >= V[i].promised -> V[i].promised = H[me].bal; V[i].got[me] = 1; \
       if :: V[i].ballot > H[me].best -> H[me].best = V[i].ballot; H[me].value = V[i].value :: else fi; canon()
  :: d_step { promises(0) }
  :: d_step { promises(1) }
  :: d_step { promises(2) }
  :: d_step { H[me].phase == 1 && gotQuorum(me) && H[me].kind == 0 &&
#ifndef NOFENCE
       (H[me].value == 0 || H[me].value == valueOf(me) || fencedByMost(H[me].value / 4, H[me].value % 4)) &&
#endif
       true -> toAccept(me, valueOf(me)); canon() }
  :: d_step { H[me].phase == 1 && gotQuorum(me) && H[me].kind == 1 ->
       if :: H[me].value == valueOf(me) -> toAccept(me, 0) :: else -> endTry(me) fi; canon() }
#define accepts(i) H[me].phase == 2 && !V[i].got[me] && H[me].bal >= V[i].promised -> V[i].promised = H[me].bal; V[i].ballot = H[me].bal; V[i].value = H[me].value; V[i].got[me] = 1; canon()
  :: d_step { accepts(0) }
  :: d_step { accepts(1) }
  :: d_step { accepts(2) }
  :: d_step { H[me].phase == 2 && gotQuorum(me) ->
       if
       :: H[me].kind == 0 -> H[me].owned = H[me].inc; if :: H[me].copy == 1 && !keepsFoundCopy -> H[me].copy = 0; H[me].stale = 0 :: else fi
       :: H[me].kind == 1 -> H[me].owned = 0
       fi;
       endTry(me); canon() }
  /* a try is given up, or the agent that made it restarts: its ACCEPTs stay on the wire */
#ifndef PATIENT
  :: d_step { H[me].phase > 0 -> leaveGhost(me); endTry(me); canon() }
#endif
  /* an ACCEPT left on the wire arrives */
#define arrives(i) H[me].ghost && !taken(i, H[me].ghost) -> V[i].promised = H[me].ghost; V[i].ballot = H[me].ghost; V[i].value = H[me].gvalue; canon()
  :: d_step { arrives(0) }
  :: d_step { arrives(1) }
  :: d_step { arrives(2) }
  /* start or resume */
  :: d_step { H[me].copy < 2 && H[me].valid > 0 && H[me].owned == H[me].inc && !(H[me].phase && H[me].kind == 1) -> assert(!H[me].stale); execute(me) }
  /* the dead-man suspends it, or kills it */
  :: d_step { H[me].copy == 2 && H[me].valid == 0 -> H[me].copy = 1 }
  :: d_step { H[me].copy == 1 -> H[me].copy = 0; H[me].stale = 0 }
  /* fenced by a majority: off, then the next incarnation */
  :: d_step { H[me].inc < MAXINC && fencedByMost(me, H[me].inc) && mayReincarnate(me) ->
       H[me].inc++; H[me].owned = 0; H[me].valid = 0; H[me].asked = 0; leaveGhost(me); endTry(me); canon() }
  /* the agent restarts; the host reboots */
  :: d_step { crashes < CRASHES -> crashes++; leaveGhost(me); H[me].asked = 0; endTry(me); canon() }
  :: d_step { crashes < CRASHES && H[me].inc < MAXINC -> crashes++; leaveGhost(me); endTry(me);
       H[me].asked = 0; H[me].copy = 0; H[me].stale = 0; H[me].valid = 0; H[me].owned = 0; H[me].inc++; canon() }
  /* FENCE of this host, by whomever */
#define fence(i, x, n) counted(x) && H[1 - x].count > 0 && V[i].fenced[x] < n && H[x].inc >= n && V[i].linc[x] <= n && V[i].lease[x] == 0 -> V[i].fenced[x] = n; if :: V[i].linc[x] < n -> V[i].linc[x] = n :: else fi; canon()
  :: d_step { fence(0, me, 1) }
  :: d_step { fence(1, me, 1) }
  :: d_step { fence(2, me, 1) }
  :: d_step { fence(0, me, 2) }
  :: d_step { fence(1, me, 2) }
  :: d_step { fence(2, me, 2) }
  od
}
inline pass(x) {
  if :: x.valid > 0 -> x.valid-- :: else fi;
  if :: x.asked > 0 -> x.asked-- :: else fi
}
inline passAt(i) {
  if :: V[i].lease[0] > 0 -> V[i].lease[0]-- :: else fi;
  if :: V[i].lease[1] > 0 -> V[i].lease[1]-- :: else fi
}
init {
  /* WARM: host 0 has just claimed and renewed. LATE: host 1 has just taken over from host 0, whose copy is suspended. */
  atomic { d_step {
    H[0].inc = 1; H[1].inc = 1;
#ifdef LATE
    H[0].owned = 1; H[0].copy = 1; H[0].stale = 1;
    H[1].valid = TF; H[1].owned = 1; H[1].copy = 2;
    V[0].fenced[0] = 1; V[0].linc[0] = 1; V[0].lease[1] = DA; V[0].linc[1] = 1; V[0].promised = 3; V[0].ballot = 3; V[0].value = 5;
    V[1].fenced[0] = 1; V[1].linc[0] = 1; V[1].lease[1] = DA; V[1].linc[1] = 1; V[1].promised = 3; V[1].ballot = 3; V[1].value = 5;
#endif
#ifdef WARM
    H[0].valid = TF; H[0].owned = 1; H[0].copy = 2;
    V[0].lease[0] = DA; V[0].linc[0] = 1; V[0].promised = 1; V[0].ballot = 1; V[0].value = 1;
    V[1].lease[0] = DA; V[1].linc[0] = 1; V[1].promised = 1; V[1].ballot = 1; V[1].value = 1;
#endif
  }; run Agent(); run Agent() }
  do
  /* Time passes, unless a host would execute on past K: the dead-man does not let it. */
  :: d_step { !(H[0].copy == 2 && H[0].valid == 0) && !(H[1].copy == 2 && H[1].valid == 0) ->
       pass(H[0]); pass(H[1]); passAt(0); passAt(1); passAt(2); canon() }
  /* a voter restarts */
#ifdef NOQUAR
#define QUARANTINE 0
#else
#define QUARANTINE DA
#endif
#ifdef VOLATILE
#define restart(i) crashes < CRASHES -> crashes++; V[i].lease[0] = (counted(0) -> QUARANTINE : 0); V[i].lease[1] = (counted(1) -> QUARANTINE : 0); V[i].promised = 0; V[i].ballot = 0; V[i].value = 0; canon()
#else
#define restart(i) crashes < CRASHES -> crashes++; V[i].lease[0] = (counted(0) -> QUARANTINE : 0); V[i].lease[1] = (counted(1) -> QUARANTINE : 0); canon()
#endif
  :: d_step { restart(0) }
  :: d_step { restart(1) }
  :: d_step { restart(2) }
  od
}
