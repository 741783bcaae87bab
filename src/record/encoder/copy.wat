;; Copies records from the core's memory to the encoder's, which AssemblyScript can't say: it knows one memory.
(module
  (import "ring" "memory" (memory $ring 1 65536 shared))
  (import "encoder" "memory" (memory $encoder 1))
  (func (export "copy") (param $to i32) (param $from i32) (param $length i32)
    (memory.copy $encoder $ring (local.get $to) (local.get $from) (local.get $length))))
