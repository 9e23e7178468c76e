import '../../ui/base.css'
import '../../ui/phone.css'
import './attendee.css'
import { mount } from '../../shared/mount'
import type { AttendeeCards } from './screen'
import { AttendeePage } from './page'
import { tell } from './notifications'

mount<AttendeeCards>('attendee', AttendeePage, true, tell)
