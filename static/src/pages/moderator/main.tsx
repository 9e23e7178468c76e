import '../../ui/base.css'
import '../../ui/desk.css'
import './moderator.css'
import './grid.css'
import './side.css'
import { mount } from '../../shared/mount'
import type { FloorKinds } from '../../shared/floor-kinds'
import { ModeratorPage } from './page'

mount<FloorKinds>('moderator', ModeratorPage, false)
