/* A bytecode machine with a stack: branches that follow data. */
#include "mark.h"

enum opcode { PUSH, LOAD, STORE, ADD, SUBTRACT, MULTIPLY, AND, DUPLICATE, JUMP_IF, STOP };
enum variable { COUNTER, VALUE, SUM };

static int32_t variables[4];

static void interpret(const int8_t *code) {
  int32_t stack[32], *top = stack;
  for (;;) {
    switch (*code++) {
      case PUSH: *top++ = *code++; break;
      case LOAD: *top++ = variables[*code++ & 3]; break;
      case STORE: variables[*code++ & 3] = *--top; break;
      case ADD: top--, top[-1] += *top; break;
      case SUBTRACT: top--, top[-1] -= *top; break;
      case MULTIPLY: top--, top[-1] = (int32_t)((uint32_t)top[-1] * (uint32_t)*top); break;
      case AND: top--, top[-1] &= *top; break;
      case DUPLICATE: *top = top[-1], top++; break;
      case JUMP_IF: {
        int distance = *code++;
        if (*--top != 0) code += distance;
        break;
      }
      default: return;
    }
  }
}

int main(int argc, char **argv) {
  /* do { value = value * 21 + 5; sum += value & 127; } while (--counter != 0) */
  static const int8_t program[] = {
      LOAD, VALUE, PUSH, 21, MULTIPLY, PUSH, 5, ADD, DUPLICATE, STORE, VALUE, PUSH, 127, AND, LOAD, SUM, ADD, STORE, SUM,
      LOAD, COUNTER, PUSH, 1, SUBTRACT, DUPLICATE, STORE, COUNTER, JUMP_IF, -29, STOP,
  };
  variables[COUNTER] = (int32_t)amount(argc, argv, 2000000);
  mark_begin("d_interp");
  interpret(program);
  mark_end((uint32_t)(variables[VALUE] ^ variables[SUM]));
  return 0;
}
