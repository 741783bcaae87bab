/* Five bodies under gravity, in doubles: additions, products, square roots and quotients in long chains. */
#include <math.h>
#include <string.h>
#include "mark.h"

enum { BODIES = 5 };

struct body {
  double place[3], speed[3], mass;
};

static struct body bodies[BODIES];

static void prepare(void) { /* a sun and planets on circles around it */
  bodies[0].mass = 40.0;
  for (int i = 1; i < BODIES; i++) {
    double distance = 2.0 * i + 1.0;
    bodies[i].place[0] = distance;
    bodies[i].place[2] = 0.125 * i;
    bodies[i].speed[1] = sqrt(40.0 / distance);
    bodies[i].mass = 0.0625 / i;
  }
}

static void attract(struct body *one, struct body *other, double step) {
  double gap[3], square = 0;
  for (int k = 0; k < 3; k++) gap[k] = one->place[k] - other->place[k], square += gap[k] * gap[k];
  double pull = step / (square * sqrt(square));
  for (int k = 0; k < 3; k++) {
    one->speed[k] -= gap[k] * other->mass * pull;
    other->speed[k] += gap[k] * one->mass * pull;
  }
}

int main(int argc, char **argv) {
  long steps = amount(argc, argv, 200000);
  const double step = 1.0 / 1024;
  prepare();
  mark_begin("e_nbody");
  for (long n = 0; n < steps; n++) {
    for (int i = 0; i < BODIES; i++)
      for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j], step);
    for (int i = 0; i < BODIES; i++)
      for (int k = 0; k < 3; k++) bodies[i].place[k] += step * bodies[i].speed[k];
  }
  uint64_t bits;
  memcpy(&bits, &bodies[1].place[0], sizeof bits);
  mark_end(bits);
  return 0;
}
