// oracle --seed N --count N [--group NAME[,NAME...]]: writes `count` cases as JSON lines.
#include "oracle.h"
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static const struct {
  const char *name;
  int weight, mode;
  void (*generate)(Case *);
} groups[] = {
  {"alu", 140, 64, genAlu}, {"shift", 70, 64, genShift}, {"muldiv", 50, 64, genMulDiv}, {"bit", 50, 64, genBit},
  {"bmi", 40, 64, genBmi}, {"xchg", 35, 64, genExchange}, {"cond", 40, 64, genCondition}, {"lea", 30, 64, genLea},
  {"misc", 40, 64, genMisc}, {"string", 50, 64, genString}, {"stack", 45, 64, genStack}, {"fault", 30, 64, genFault},
  {"any", 40, 64, genIntegerAny}, {"seq", 60, 64, genSequence}, {"loop", 6, 64, genLoop},
  {"sseint", 90, 64, genSseInteger}, {"ssemov", 35, 64, genSseMove}, {"ssestr", 20, 64, genSseString},
  {"ssefp", 110, 64, genSseFloat}, {"ssefp_unmasked", 15, 64, genSseFloatUnmasked}, {"ssedp", 6, 64, genSseDot},
  {"crypto", 30, 64, genCrypto}, {"simd", 20, 64, genSimdAny}, {"mmx", 40, 64, genMmx},
  {"x87", 70, 64, genX87}, {"x87trans", 10, 64, genX87Transcendental},
  {"x87any", 30, 64, genX87Any}, {"x87any", 10, 32, genX87Any}, {"fxsave", 6, 64, genFxsave}, {"fxsave", 3, 32, genFxsave},
  {"map", 15, 64, genMapAny}, {"map", 8, 32, genMapAny}, {"group", 8, 64, genGroupAny}, {"group", 3, 32, genGroupAny},
  {"step", 20, 64, genStep}, {"step", 8, 32, genStep}, {"segment", 20, 64, genSegment}, {"segment", 20, 32, genSegment},
  {"alu", 25, 32, genAlu}, {"shift", 10, 32, genShift}, {"muldiv", 8, 32, genMulDiv}, {"bit", 8, 32, genBit},
  {"xchg", 6, 32, genExchange}, {"cond", 8, 32, genCondition}, {"lea", 6, 32, genLea}, {"misc", 6, 32, genMisc},
  {"string", 10, 32, genString}, {"stack", 10, 32, genStack}, {"bcd", 10, 32, genBcd}, {"fault", 6, 32, genFault},
  {"seq", 10, 32, genSequence}, {"loop", 2, 32, genLoop}, {"bmi", 5, 32, genBmi}, {"sseint", 8, 32, genSseInteger},
  {"any", 10, 32, genIntegerAny}, {"simd", 6, 32, genSimdAny}, {"ssefp", 8, 32, genSseFloat}, {"x87", 8, 32, genX87},
  {"alu", 12, 16, genAlu}, {"shift", 5, 16, genShift}, {"muldiv", 4, 16, genMulDiv}, {"bit", 4, 16, genBit},
  {"xchg", 4, 16, genExchange}, {"cond", 4, 16, genCondition}, {"lea", 4, 16, genLea}, {"misc", 4, 16, genMisc},
  {"string", 6, 16, genString}, {"stack", 6, 16, genStack}, {"bcd", 4, 16, genBcd}, {"any", 6, 16, genIntegerAny},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static long wanted = 1000, written;
static bool selected[GROUPS];
static int totalWeight;

static bool isSelected(const char *list, int group) {
  char name[32];
  snprintf(name, sizeof name, "%s%s", groups[group].name, groups[group].mode == 64 ? "" : groups[group].mode == 32 ? "32" : "16");
  size_t length = strlen(name);
  for (const char *at = list; at; at = strchr(at, ',')) {
    if (*at == ',') at++;
    if (!strncmp(at, name, length) && (at[length] == 0 || at[length] == ',')) return true;
  }
  return false;
}

static void rearmWatchdog(void) {
  struct itimerval five = {.it_value = {.tv_sec = 5}};
  setitimer(ITIMER_VIRTUAL, &five, NULL);
}

static bool next(Case *c) {
  if (written >= wanted) return false;
  if (written % 1024 == 0) rearmWatchdog();
  for (;;) {
    int pick = below(totalWeight), group = 0;
    for (;; group++) {
      if (!selected[group]) continue;
      pick -= groups[group].weight;
      if (pick < 0) break;
    }
    bool code16 = groups[group].mode == 16;
    caseInit(c, groups[group].name, code16 ? 32 : groups[group].mode);
    groups[group].generate(c);
    endInstruction(c);
    if (code16 && c->length > 0) turnTo16(c);
    if (c->length > 0) return true;
  }
}

static void done(const Case *c, const Result *r) { writeCase(written++, c, r); }

int main(int argc, char **argv) {
  const char *list = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--seed")) rngState = strtoull(argv[i + 1], NULL, 0);
    else if (!strcmp(argv[i], "--count")) wanted = atol(argv[i + 1]);
    else if (!strcmp(argv[i], "--group")) list = argv[i + 1];
    else {
      fprintf(stderr, "oracle: unknown option %s; known: --seed --count --group\n", argv[i]);
      return 2;
    }
  }
  for (int i = 0; i < GROUPS; i++) {
    selected[i] = !list || isSelected(list, i);
    if (selected[i]) totalWeight += groups[i].weight;
  }
  if (!totalWeight) {
    fprintf(stderr, "oracle: no group is named %s\n", list);
    return 2;
  }
  nativeInit();
  nativeRun(next, done);
  fflush(stdout);
  return 0;
}
