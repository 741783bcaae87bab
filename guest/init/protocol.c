#include "protocol.h"

int control = -1;

void frame_send(u32 type, const void *first, u64 first_length, const void *second, u64 second_length)
{
	u32 head[2] = {type, first_length + second_length};
	write_all(control, head, sizeof head);
	write_all(control, first, first_length);
	write_all(control, second, second_length);
}

void frame_send_number(u32 type, u32 number)
{
	frame_send(type, &number, sizeof number, NULL, 0);
}

int frame_receive(struct frame *frame)
{
	static u8 *payload;
	static u64 room;
	if (read_all(control, frame, 8) != 0)
		return -1;
	if (room < frame->length + 1ul) {
		if (room > 0)
			call2(SYS_MUNMAP, payload, room);
		room = (frame->length + 4096ul) & ~4095ul;
		payload = pages(room);
	}
	payload[frame->length] = 0;
	frame->payload = payload;
	return read_all(control, payload, frame->length);
}
